"""Secrets come from the environment and are left nowhere."""

import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from shop import GOOD, Outcome, Shop

SECRETS = {
    "HOOK_FOR_ALERTS": "hook-Zq81vTrx",
    "SMTP_USER": "mailer-Kw39bNdu",
    "SMTP_PASSWORD": "password-Yh52cMle",
    "SOME_DATABASE_URL": "postgresql://reader:Rt64pLsa@db.example/sales",
}


@pytest.fixture
def refusing() -> Iterator[str]:
    """A web server that refuses every alert, and says the address in its answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(403, f"no access to {self.path}")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def holders(folder: Path, secret: str) -> list[str]:
    """Files that hold a secret."""
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if path.is_file() and secret.encode() in path.read_bytes():
                found.append(str(path.relative_to(folder)))
    return found


def search(shop: Shop, outcome: Outcome) -> None:
    """Look for every secret in what was printed and in every file of home and project."""
    for secret in [*SECRETS.values(), "Rt64pLsa"]:
        assert secret not in outcome.out + outcome.err
        assert holders(shop.home, secret) == []
        assert holders(shop.project, secret) == []


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop.make(tmp_path)
    (made.home / "settings.yml").write_text(
        "alerts: {webhook_url_env: HOOK_FOR_ALERTS, email: [data@example.com]}\n"
        "exports: [parquet, csv]\n"
    )
    return made


def test_a_blocked_night_with_refused_alerts_leaves_no_secret_anywhere(
    shop: Shop, refusing: str
) -> None:
    hook = refusing + SECRETS["HOOK_FOR_ALERTS"]
    environment = {**SECRETS, "HOOK_FOR_ALERTS": hook, "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9"}
    shop.deliver(GOOD.replace("100.50", "-100.50"))
    blocked = shop.run("refresh", "--as-of", "2025-07-01", "--verbose", **environment)
    assert blocked.code == 2
    assert "alert not sent to the webhook of HOOK_FOR_ALERTS: HTTP status 403" in blocked.err
    assert "alert not sent by e-mail through 127.0.0.1" in blocked.err
    search(shop, blocked)


@pytest.mark.long
def test_a_published_night_leaves_no_secret_anywhere(shop: Shop) -> None:
    shop.deliver(GOOD)
    published = shop.run("refresh", "--as-of", "2025-07-01", "--verbose", **SECRETS)
    assert published.code == 0
    search(shop, published)


def test_the_search_for_secrets_finds_them(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.log").write_bytes(b"\x00see hook-Zq81vTrx\x00")
    assert holders(tmp_path, "hook-Zq81vTrx") == ["a/x.log"]
    shutil.rmtree(tmp_path / "a")
    assert holders(tmp_path, "hook-Zq81vTrx") == []
