"""The audit of the dependencies finds what it is for, and says when it could not look."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from types import ModuleType
from typing import Any

import pytest

from orchestration.home import PROJECT_ROOT


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", PROJECT_ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(
    monkeypatch: pytest.MonkeyPatch, audit: ModuleType, output: str, errors: str = ""
) -> None:
    def run(*_: Any, **__: Any) -> Any:
        return subprocess.CompletedProcess([], 0, output, errors)

    monkeypatch.setattr(audit.subprocess, "run", run)


def test_the_lock_pins_every_package_with_a_hash(audit: ModuleType) -> None:
    found, wrong = audit.pins((PROJECT_ROOT / "requirements.lock").read_text())
    assert len(found) > 100
    assert wrong == []


def test_a_pin_without_a_hash_or_a_version_is_found(audit: ModuleType) -> None:
    lock = "a==1 \\\n    --hash=sha256:0\nb==2\nc @ https://example.com/c.whl\n"
    assert audit.pins(lock)[1] == [
        "b has no hash",
        "not pinned to a version: c @ https://example.com/c.whl",
    ]


@pytest.mark.parametrize(
    ("licence", "odd"),
    [
        ("MIT", False), ("GPL-3.0-only", True), ("AGPL-3.0-or-later", True),
        ("LGPL-3.0-only", False), ("MIT OR GPL-2.0-only", False), ("MPL-2.0", False),
        ("GNU Affero General Public License v3", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", False),
    ],
)  # fmt: skip
def test_strong_copyleft_is_found(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, licence: str, odd: bool
) -> None:
    from email.message import Message

    about = Message()
    about["License-Expression"] = licence
    monkeypatch.setattr(audit.metadata, "metadata", lambda _: about)
    assert bool(audit.licences(["x"])[1]) == odd


def test_a_vulnerability_fails_the_audit(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vulnerability = {"id": "CVE-1", "fix_versions": ["1.1"]}
    found = [{"name": "x", "version": "1.0", "vulns": [vulnerability]}]
    answer(monkeypatch, audit, json.dumps({"dependencies": found}))
    assert audit.main() == 1
    assert "x 1.0: CVE-1, corrected in 1.1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("output", "errors"),
    [
        ("", "ConnectionError: no route to host"),
        (json.dumps({"dependencies": [{"name": "x", "skip_reason": "not found"}]}), ""),
    ],
)
def test_what_was_not_looked_up_is_said_and_is_no_failure(
    audit: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    output: str,
    errors: str,
) -> None:
    answer(monkeypatch, audit, output, errors)
    assert audit.main() == 0
    shown = capsys.readouterr().out
    assert "ADVISORIES NOT CHECKED" in shown
    assert "0 vulnerabilities" not in shown
