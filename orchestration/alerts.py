"""How a failed or blocked night reaches people: a webhook or e-mail, off until settings name one.

Secrets come from the environment: the URL of the webhook from the variable that settings name, the
mail server from SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASSWORD and SMTP_FROM.
"""

from __future__ import annotations

import http.client
import json
import os
import smtplib
import urllib.error
import urllib.request
from email.message import EmailMessage

from orchestration.home import Alerts

TIMEOUT_SECONDS = 15


def alert(alerts: Alerts, subject: str, message: str) -> list[str]:
    """Send a message to everyone that settings name; return what went wrong, in words.

    A broken alert never hides the night's own outcome, hence no exception.
    """
    problems = []
    if alerts.webhook_url_env:
        problems += _webhook(alerts.webhook_url_env, f"{subject}\n{message}")
    if alerts.email:
        problems += _email(alerts.email, subject, message)
    return problems


def _webhook(variable: str, text: str) -> list[str]:
    url = os.environ.get(variable, "")
    if not url.startswith(("https://", "http://")):
        return [f"alert not sent: the environment variable {variable} holds no http(s) address"]
    try:
        request = urllib.request.Request(  # noqa: S310
            url,
            data=json.dumps({"text": text}).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
            return []
    # The address may hold a token, and so may every text that the other side sends back: name the
    # variable and the kind of problem, never a value.
    except urllib.error.HTTPError as error:
        reason = f"HTTP status {error.code}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        cause = getattr(error, "reason", None)
        reason = cause.strerror or type(cause).__name__ if isinstance(cause, OSError) else ""
        reason = reason or type(error).__name__
    return [f"alert not sent to the webhook of {variable}: {reason}"]


def _email(recipients: tuple[str, ...], subject: str, text: str) -> list[str]:
    host = os.environ.get("SMTP_HOST")
    if not host:
        return ["alert not sent by e-mail: the environment variable SMTP_HOST is not set"]
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message["From"] = os.environ.get("SMTP_FROM") or recipients[0]
    message["To"] = ", ".join(recipients)
    message.set_content(text)
    user, password = os.environ.get("SMTP_USER"), os.environ.get("SMTP_PASSWORD")
    try:
        port = int(os.environ.get("SMTP_PORT") or 25)
        with smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS) as server:
            if user and password:
                server.starttls()
                server.login(user, password)
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return [f"alert not sent by e-mail through {host}: {type(error).__name__}"]
    return []
