"""Harlequin, started as docs/connect.md says, in a terminal of its own."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path

from orchestration.home import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
ESCAPE = re.compile(rb"\x1b(\[[0-9;?<>=]*[a-zA-Z~]|\][^\x07]*\x07|[()][A-Z0-9])")


class Terminal:
    """A program in a terminal of 140 by 40, and what it has drawn since it was last asked."""

    def __init__(self, command: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.screen, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        self.process = subprocess.Popen(
            ["sh", "-ec", command],
            cwd=folder,
            env={**environment, "TERM": "xterm-256color", "HOME": str(folder)},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)

    def wait_for(self, *words: str, seconds: float = 60) -> str:
        """The text drawn until one of the words is in it."""
        drawn, limit = b"", time.monotonic() + seconds
        while time.monotonic() < limit:
            if select.select([self.screen], [], [], 0.2)[0]:
                try:
                    drawn += os.read(self.screen, 65536)
                except OSError:  # the program has ended
                    break
            text = ESCAPE.sub(b"", drawn).decode(errors="replace")
            if any(word in text for word in words):
                return text
        raise AssertionError(f"{words} did not appear in: {ESCAPE.sub(b'', drawn)[-3000:]!r}")

    def type(self, keys: str) -> None:
        os.write(self.screen, keys.encode())


def recipe(desk: Path) -> str:
    """The command of the recipe; the file that it names is laid on the desk."""
    lock = re.search(r'^echo "(set .*)" > locked\.sql$', TEXT, re.MULTILINE)
    command = re.search(r"<!-- run by test_clients -->\n```sh\n(harlequin .*)\n```", TEXT)
    assert lock
    assert command
    (desk / "locked.sql").write_text(lock[1])
    return command[1]


def test_harlequin_queries_a_release(desk: Path, clients: Mapping[str, str]) -> None:
    terminal = Terminal(recipe(desk), desk, clients)
    try:
        terminal.wait_for("Query Editor")
        terminal.wait_for("warehouse")
        # The words looked for are not those that are typed.
        terminal.type(
            "select 'is' || kpi_id || 'seen' from kpis.kpi_scorecard where kpi_id = 'mrr'"
        )
        terminal.type("\x0a")
        terminal.wait_for("ismrrseen")
    finally:
        os.killpg(terminal.process.pid, signal.SIGKILL)
        terminal.process.wait()
        os.close(terminal.screen)


def test_harlequin_can_do_no_harm(desk: Path, clients: Mapping[str, str]) -> None:
    """With its own `hsql`, which takes the same options and needs no terminal."""
    command = recipe(desk).replace("harlequin", "hsql").replace("--locale C.UTF-8 ", "")
    (desk / "secret.txt").write_text("do not read me")
    for attack, refusal in {
        "select content from read_text('secret.txt')": "disabled by configuration",
        "set enable_external_access = true": "Cannot enable external access",
        "create table kpis.mine (i int)": "read-only",
    }.items():
        done = subprocess.run(
            ["sh", "-ec", f'{command} --command "{attack}"'],
            cwd=desk,
            env={**clients, "HOME": str(desk)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode != 0, attack
        assert refusal in done.stdout + done.stderr
        assert "do not read me" not in done.stdout + done.stderr
