"""One refresh at a time per home: a lock that the kernel releases when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from orchestration.home import Home

# `holder` takes a shared lock for an instant; waiting a little keeps it from failing a refresh.
PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Holder:
    """Who holds the lock: process id, start (ISO, UTC) and run id; unknown parts are empty."""

    pid: int | None
    since: str
    run_id: str

    def __str__(self) -> str:
        who = f"process {self.pid}" if self.pid else "another process"
        return f"{who}, since {self.since}" if self.since else who


class RefreshRunning(RuntimeError):
    """Another refresh of the same home is running."""

    def __init__(self, home: Home, holder: Holder) -> None:
        super().__init__(
            f"a refresh of {home.root} is already running ({holder}); nothing was changed. "
            "Wait for it to end; `warehouse status` shows it."
        )
        self.holder = holder


def holder(home: Home) -> Holder | None:
    """Who holds the lock at this moment; None when nobody does. Never waits, never creates it."""
    try:
        descriptor = os.open(home.lock_file, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    finally:
        os.close(descriptor)
    return None


@contextmanager
def refresh_lock(home: Home, run_id: str = "") -> Iterator[None]:
    """Hold the lock of a home; raises RefreshRunning, naming the holder, when it is taken."""
    home.root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home.lock_file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(home, descriptor)
        note = {
            "pid": os.getpid(),
            "since": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
            "run_id": run_id,
        }
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(note).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(home: Home, descriptor: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise RefreshRunning(home, _read(descriptor)) from None
            time.sleep(0.05)


def _read(descriptor: int) -> Holder:
    try:
        note = json.loads(os.pread(descriptor, 4096, 0))
        return Holder(int(note["pid"]), str(note["since"]), str(note["run_id"]))
    except (ValueError, KeyError, TypeError):
        return Holder(None, "", "")
