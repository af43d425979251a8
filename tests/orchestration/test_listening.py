"""The web UI can be reached from this machine alone."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from shop import GOOD, Shop

from orchestration import cli
from orchestration.home import Home

LISTENING = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(group: int) -> dict[str, str]:
    """Sockets on which the processes of a group listen: address and port in hexadecimal."""
    inodes = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group:
                inodes |= {os.readlink(each) for each in (folder / "fd").iterdir()}
        except OSError:
            continue  # it has ended meanwhile
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            place, state, inode = line.split()[1], line.split()[3], line.split()[9]
            if state == LISTENING and f"socket:[{inode}]" in inodes:
                found[inode] = place
    return found


def test_the_web_ui_is_started_on_loopback(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr("os.execv", lambda _, command: started.append(command))
    assert cli._main(["ui", "--port", str(free_port())]) == 0
    (command,) = started
    assert command[command.index("--host") + 1] == "127.0.0.1"


@pytest.mark.long
def test_every_server_of_the_web_ui_listens_on_loopback_only(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    shop.deliver(GOOD)
    port = free_port()
    with (tmp_path / "ui.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration.cli", "ui", "--port", str(port)],
            cwd=shop.project,
            env=shop.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 240
            while True:
                try:
                    address = f"http://127.0.0.1:{port}/server_info"
                    with urllib.request.urlopen(address, timeout=5) as answer:
                        assert b"dagster" in answer.read()
                    break
                except OSError:
                    assert time.monotonic() < deadline, (tmp_path / "ui.log").read_text()
                    time.sleep(0.5)
            found = listening(process.pid)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert f"0100007F:{port:04X}" in found.values()
    assert {place.partition(":")[0] for place in found.values()} <= LOOPBACK, found
