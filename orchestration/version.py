"""Which code, and which content: the versions and fingerprints that a release carries."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from orchestration.home import PROJECT_ROOT, Settings

CONTRACT_VERSION = "1.1"
CODE_FOLDERS = ("models", "seeds", "macros", "expectations", "orchestration", "tests/data")
CODE_SUFFIXES = {".sql", ".yml", ".csv", ".py", ".html", ".css", ".js"}


def fingerprint(inputs: list[dict[str, str]], as_of: datetime, settings: Settings) -> str:
    """A hash of all that decides the content of a release: inputs, instant, settings, code."""
    parts: dict[str, Any] = {
        "inputs": sorted((each["file"], each["sha256"]) for each in inputs),
        "as_of": as_of.astimezone(UTC).isoformat(),
        "settings": settings.model_dump(
            mode="json", exclude={"schedule", "retention", "alerts", "postgres"}
        ),
        "code": code_fingerprint(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@cache
def code_fingerprint() -> str:
    """A hash of the project's files that take part in a run."""
    digest = hashlib.sha256()
    for path in project_files():
        digest.update(str(path.relative_to(PROJECT_ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def project_files() -> list[Path]:
    """Files of the project that decide what a run computes, in a stable order."""
    found = [PROJECT_ROOT / "dbt_project.yml"]
    for folder in CODE_FOLDERS:
        found += [
            path for path in (PROJECT_ROOT / folder).rglob("*") if path.suffix in CODE_SUFFIXES
        ]
    return sorted(path for path in found if path.is_file())


@cache
def code_version() -> str:
    """`git describe` of the checkout, or the version of the installed package."""
    try:
        package = version("crm-kpi-warehouse")
    except PackageNotFoundError:
        package = "0"
    if not (PROJECT_ROOT / ".git").exists():
        return package
    try:
        described = subprocess.run(  # noqa: S603
            ["git", "-C", str(PROJECT_ROOT), "describe", "--always", "--dirty", "--tags"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return package
    return f"{package}+{described}" if described else package
