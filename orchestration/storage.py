"""When the machine runs out of something: which folder, how much is left, what to do about it."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import tempfile
from pathlib import Path

from orchestration.console import size
from orchestration.home import Home

FULL = re.compile(r"No space left on device|[Dd]isk quota exceeded|disk is full|File too large")
REFUSED = re.compile(r"Read-only file system|[Pp]ermission denied|readonly database")
FILES = re.compile(r"Too many open files|unable to open database file")
MEMORY = re.compile(r"[Oo]ut of [Mm]emory|MemoryError|bad_alloc|Cannot allocate memory")


class StorageError(RuntimeError):
    """A folder of the home cannot be used; the message names it and says what to do."""


def require_writable(home: Home) -> None:
    """Raise StorageError for a folder of the home in which a run could not write."""
    for folder in (home.root, home.releases, home.dagster, home.dbt):
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            raise StorageError(
                f"{folder} cannot be written by user {_user()}: give that user the right to, or"
                " mount it writable. Nothing was changed, the last release is still served"
            )


def advice(home: Home, problem: str) -> str | None:
    """What to do about a problem that is the machine's; None for any other one.

    `problem` is the message of an error, of whatever library.
    """
    # SQLite does not say why it could not write.
    full = "disk I/O error" in problem and shutil.disk_usage(home.root).free < 1_000_000
    if full or FULL.search(problem):
        places = {str(each): _free(each) for each in (home.root, Path(tempfile.gettempdir()))}
        free = ", ".join(f"{place} has {left}" for place, left in places.items())
        return (
            f"Disk full: {free}. Free some space (the large files are in {home.releases} and"
            f" {home.build_database}; `retention` in settings.yml keeps fewer releases), then run"
            " it again"
        )
    if REFUSED.search(problem):
        return (
            f"User {_user()} may not write there: every folder of {home.root} except landing/"
            " must be writable for it, and landing/ readable"
        )
    if FILES.search(problem):
        return (
            "Too few files may be open at a time: raise the limit (`ulimit -n 4096`, or"
            " LimitNOFILE of the service), then run it again"
        )
    if MEMORY.search(problem):
        return (
            "Out of memory: give the run more of it (4 GB are plenty for a small company), or end"
            " other programs, then run it again"
        )
    return None


def _free(folder: Path) -> str:
    usage = shutil.disk_usage(folder)
    return f"{size(usage.free)} free of {size(usage.total)}"


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run as a number without a name
        return str(os.geteuid())
