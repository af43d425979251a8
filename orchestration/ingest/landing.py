"""What lies in landing: the files that can be loaded, and those that are passed over and why."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from orchestration.ingest.declaration import Declarations, Table

FORMATS = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".json": "json",
    ".json.gz": "json",
    ".jsonl": "json",
    ".jsonl.gz": "json",
    ".ndjson": "json",
    ".ndjson.gz": "json",
    ".parquet": "parquet",
}
# Files that a folder, a file manager or a version control system leaves behind.
_LITTER = {".ds_store", ".gitkeep", ".keep", ".gitignore", "thumbs.db", "desktop.ini"}
_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".download", "~")


@dataclass(frozen=True)
class Delivery:
    """One file of a declared table. `name` is its path below landing, with forward slashes."""

    table: Table
    path: Path
    name: str
    format: str
    gzipped: bool
    state: tuple[int, int, int]

    @property
    def bytes(self) -> int:
        """Size when landing was scanned."""
        return self.state[0]


@dataclass(frozen=True)
class Skipped:
    """A file or folder in landing that was not loaded in this run, and what to do about it."""

    source: str | None
    name: str
    reason: str
    remedy: str


def state_of(path: Path) -> tuple[int, int, int]:
    """Size, modification time (ns) and inode: equal before and after means unchanged."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def scan(
    landing: Path,
    declarations: Declarations,
    sources: Collection[str] | None = None,
    strangers: bool = True,
    settle_seconds: float = 1.0,
) -> tuple[list[Delivery], list[Skipped]]:
    """Deliveries in the order of their names, and whatever is passed over.

    `sources` limits the scan to these sources; `strangers` also reports folders of no source.
    A file modified within the last `settle_seconds` is looked at again after that time, and passed
    over while it still changes.
    """
    deliveries: list[Delivery] = []
    skipped: list[Skipped] = []
    if not landing.is_dir():
        return deliveries, skipped
    landing = landing.resolve()
    known = {source.name.lower(): source for source in declarations}
    for entry in _entries(landing, "", None, skipped):
        source = known.get(entry.name.lower())
        if source is None:
            if strangers and entry.name.lower() not in _LITTER:
                kind = "folder" if entry.is_dir() else "file"
                skipped.append(
                    Skipped(
                        None,
                        _printable(entry.name),
                        f"This {kind} belongs to no source in use.",
                        "Deliver to landing/<source>/<table>/; sources in use: "
                        + ", ".join(sorted(s.name for s in declarations))
                        + " (vars.sources of dbt_project.yml).",
                    )
                )
            continue
        if sources is not None and source.name not in sources:
            continue
        if not _is_folder(entry, landing, entry.name, source.name, skipped):
            continue
        tables = {table.name.lower(): table for table in source.tables}
        for inner in _entries(Path(entry.path), entry.name, source.name, skipped):
            name = f"{entry.name}/{inner.name}"
            table = tables.get(inner.name.lower())
            if table is None:
                if inner.name.lower() not in _LITTER:
                    remedy = (
                        f"Deliver to landing/{source.name}/<table>/; tables: "
                        + ", ".join(t.name for t in source.tables)
                        + f" (declared in {source.path})."
                    )
                    skipped.append(
                        Skipped(
                            source.name,
                            _printable(name),
                            f"{_printable(inner.name)} is no table of source {source.name}.",
                            remedy,
                        )
                    )
                continue
            if _is_folder(inner, landing, name, source.name, skipped):
                _walk(Path(inner.path), name, table, landing, deliveries, skipped)
    deliveries.sort(key=lambda delivery: delivery.name)
    return _settled(deliveries, skipped, settle_seconds), skipped


def _entries(
    folder: Path, name: str, source: str | None, skipped: list[Skipped]
) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        skipped.append(
            Skipped(
                source,
                _printable(name) or "landing",
                f"The folder cannot be read: {error.strerror}.",
                "Give the user that runs the warehouse the right to list and read it.",
            )
        )
        return []


def _is_folder(
    entry: os.DirEntry[str], landing: Path, name: str, source: str, skipped: list[Skipped]
) -> bool:
    if entry.is_symlink():
        skipped.append(
            Skipped(
                source,
                _printable(name),
                "A link to a folder is not followed.",
                "Put the files themselves into landing.",
            )
        )
        return False
    if not entry.is_dir():
        if entry.name.lower() not in _LITTER:
            skipped.append(
                Skipped(
                    source,
                    _printable(name),
                    "A file here belongs to no table.",
                    f"Move it to landing/{source}/<table>/.",
                )
            )
        return False
    return True


def _walk(
    folder: Path,
    name: str,
    table: Table,
    landing: Path,
    deliveries: list[Delivery],
    skipped: list[Skipped],
) -> None:
    for entry in _entries(folder, name, table.source, skipped):
        below = f"{name}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            _walk(Path(entry.path), below, table, landing, deliveries, skipped)
            continue
        if entry.name.lower() in _LITTER:
            continue
        found = _delivery(Path(entry.path), below, table, landing)
        if isinstance(found, Delivery):
            deliveries.append(found)
        else:
            skipped.append(Skipped(table.source, _printable(below), *found))


def _delivery(path: Path, name: str, table: Table, landing: Path) -> Delivery | tuple[str, str]:
    """The delivery that a file is, or why it is none and what to do."""
    if _printable(name) != name:
        return (
            "The file's name is not valid UTF-8 text.",
            "Rename the file, with letters and digits.",
        )
    try:
        if path.is_symlink():
            target = path.resolve(strict=True)
            if not target.is_relative_to(landing):
                return (
                    "A link that leads out of landing is not followed.",
                    "Put the file itself into landing.",
                )
            if target.is_dir():
                return "A link to a folder is not followed.", "Put the files into landing."
        if not stat.S_ISREG(path.stat().st_mode):
            return "This is no regular file.", "Deliver a regular file."
        lower = path.name.lower()
        ending = next((e for e in sorted(FORMATS, key=len, reverse=True) if lower.endswith(e)), "")
        if lower.startswith(".") or lower.endswith(_UNFINISHED):
            return (
                "The name says that the file is hidden or unfinished.",
                "Rename it when it is complete.",
            )
        if not ending:
            return (
                f"The ending {path.suffix or '(none)'} is not one that is loaded.",
                "Deliver csv, json, jsonl or ndjson (also with .gz), or parquet.",
            )
        if not os.access(path, os.R_OK):
            return (
                "The file cannot be read: permission denied.",
                "Give the user that runs the warehouse the right to read it.",
            )
        return Delivery(table, path, name, FORMATS[ending], ending.endswith(".gz"), state_of(path))
    except (OSError, RuntimeError) as error:
        return (
            f"The file cannot be read: {getattr(error, 'strerror', None) or error}.",
            "Check that it exists and can be read, and deliver again.",
        )


def still_written(delivery: Delivery) -> Skipped:
    """The note on a file that changed while it was looked at."""
    return Skipped(
        delivery.table.source,
        delivery.name,
        "The file is still being written.",
        "Nothing to do: the next run takes it. Best write under another name, then rename.",
    )


def _settled(
    deliveries: list[Delivery], skipped: list[Skipped], settle_seconds: float
) -> list[Delivery]:
    # Only here does loading look at the wall clock: to tell whether a file is still being written.
    fresh = time.time() - settle_seconds
    recent = {d.name for d in deliveries if d.state[1] / 1e9 > fresh}
    if recent and settle_seconds > 0:
        time.sleep(settle_seconds)
    settled: list[Delivery] = []
    for delivery in deliveries:
        try:
            unchanged = delivery.name not in recent or state_of(delivery.path) == delivery.state
        except OSError:
            unchanged = False
        if unchanged:
            settled.append(delivery)
        else:
            skipped.append(still_written(delivery))
    return settled


def _printable(name: str) -> str:
    """A file name as text; bytes that are not UTF-8 become \\xNN."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
