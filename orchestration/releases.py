"""The releases of a home: list them, check them, choose which one is served, remove old ones.

A release is a folder `releases/<release_id>/` with `warehouse.duckdb` (mode 0444) and
`manifest.json`. Readers open `warehouse.duckdb` in the home: a relative link that is only ever
changed by an atomic rename. `releases/journal.jsonl` has one line per change of that link.

A change is noted in `releases/.flip.json` before it is made and entered into the journal after it.
Whoever changes something next finds the note that a killed process left, and finishes or undoes
what it had begun.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.home import Home, Retention

DATABASE = "warehouse.duckdb"
MANIFEST = "manifest.json"
JOURNAL = "journal.jsonl"
FLIP = ".flip.json"
INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"


class ReleaseError(RuntimeError):
    """A release cannot be made, found or trusted; the message says what to do."""


@dataclass(frozen=True)
class Release:
    """One release on disk, as its manifest describes it. Instants are aware and in UTC."""

    release_id: str
    folder: Path
    as_of: datetime
    published_at: datetime
    sha256: str
    bytes: int
    tables: dict[str, int]
    code_version: str
    manifest: dict[str, Any]

    @property
    def database(self) -> Path:
        """The DuckDB file of this release."""
        return self.folder / DATABASE


def releases(home: Home) -> list[Release]:
    """Every complete release of a home, newest first."""
    found = []
    for manifest in home.releases.glob(f"[!.]*/{MANIFEST}"):
        try:
            found.append(_read_manifest(manifest))
        except (ValueError, KeyError, OSError):
            continue  # not a release; `warehouse releases` lists only what can be served
    return sorted(found, key=lambda release: (release.published_at, release.release_id))[::-1]


def _read_manifest(path: Path) -> Release:
    manifest = json.loads(path.read_text(encoding="utf-8"))
    return Release(
        release_id=manifest["release_id"],
        folder=path.parent,
        as_of=_instant(manifest["as_of"]),
        published_at=_instant(manifest["published_at"]),
        sha256=manifest["sha256"],
        bytes=manifest["bytes"],
        tables=manifest["tables"],
        code_version=manifest["code_version"],
        manifest=manifest,
    )


def _instant(text: str) -> datetime:
    return datetime.strptime(text, INSTANT).replace(tzinfo=UTC)


def served_id(home: Home) -> str | None:
    """The id of the release that readers get; None before the first one.

    A link that leads anywhere but to a release of this home serves none.
    """
    try:
        target = Path(os.path.normpath(home.root / os.readlink(home.published)))
    except OSError:
        return None
    release_id = target.parent.name
    return release_id if target == home.releases / release_id / DATABASE else None


def served(home: Home) -> Release | None:
    """The release that readers get; None when there is none or its manifest is gone."""
    wanted = served_id(home)
    return next((each for each in releases(home) if each.release_id == wanted), None)


def named(home: Home, release_id: str) -> Release:
    """The release with that id, or the only one whose id begins so. Raises ReleaseError."""
    matches = [each for each in releases(home) if each.release_id.startswith(release_id)]
    exact = [each for each in matches if each.release_id == release_id]
    if len(exact or matches) != 1:
        problem = "is not a release" if not matches else "matches several releases"
        raise ReleaseError(
            f"{release_id!r} {problem} of {home.root}; `warehouse releases` lists them"
        )
    return (exact or matches)[0]


def chosen_or_served(home: Home, release_id: str | None) -> Release:
    """The release that somebody names, by default the served one; verified. Raises ReleaseError."""
    found = named(home, release_id) if release_id else served(home)
    if found is None:
        raise ReleaseError(f"{home.root} serves no release yet; run `warehouse refresh` first")
    verify(found)
    return found


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damage(release: Release) -> str | None:
    """What is wrong with the file of a release, in words; None when it is the one published."""
    try:
        size = release.database.stat().st_size
        if size != release.bytes:
            problem = f"is {size:,} bytes long, but {release.bytes:,} were published"
        elif sha256_of(release.database) != release.sha256:
            problem = "has other content than was published (sha256 differs)"
        else:
            return None
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    return f"{release.database} {problem}"


def verify(release: Release) -> None:
    """Raise ReleaseError unless the file of a release is byte for byte the one published."""
    if problem := damage(release):
        raise ReleaseError(
            f"{problem}; release {release.release_id} is damaged and will not be served. "
            "Choose another one (`warehouse releases`) or make a new one (`warehouse refresh`)."
        )


def link_fault(home: Home) -> str | None:
    """Why readers cannot get a release through the link, in words; None when they can.

    A home without any release has no fault. Looks at names alone, never at content.
    """
    link = home.published
    if not os.path.lexists(link):
        if releases(home):
            return f"{link} is gone, so readers find nothing"
        return None
    if not link.is_symlink():
        return f"{link} is a file of its own, not the link to a release"
    if served_id(home) is None:
        return f"{link} leads to {os.readlink(link)}, which is no release of this home"
    if not link.exists():
        return f"{link} leads to release {served_id(home)}, whose file is gone"
    return None


def served_fault(home: Home) -> str | None:
    """What is wrong with what readers get, in words; None when all is well. Reads the whole file.

    A home without any release has no fault.
    """
    if fault := link_fault(home):
        return fault
    release = served(home)
    if release is None:
        return f"release {served_id(home)} has no readable manifest" if served_id(home) else None
    return damage(release)


@contextmanager
def _flip_lock(home: Home) -> Iterator[None]:
    """Changes of the link and removals never overlap; held for milliseconds.

    What a killed process had begun is settled before the holder does anything.
    """
    home.releases.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home.releases / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _settle(home)
        yield
    finally:
        os.close(descriptor)


def admit(home: Home, partial: Path, release_id: str) -> Release:
    """Give the hidden folder of a finished release its name, and serve it.

    A kill leaves either nothing of it or a release that is served: never one that nobody got.
    """
    with _flip_lock(home):
        _flip(home, release_id, "publish", partial)
    return _read_manifest(home.releases / release_id / MANIFEST)


def serve(home: Home, release: Release, action: str) -> None:
    """Point the published link at a release, atomically, and write it into the journal."""
    with _flip_lock(home):
        if not release.database.is_file():  # retention may have been quicker
            raise ReleaseError(f"release {release.release_id} is gone; choose another one")
        _flip(home, release.release_id, action)


def _flip(home: Home, release_id: str, action: str, partial: Path | None = None) -> None:
    """Change the link. The caller holds the lock."""
    if home.published.exists() and not home.published.is_symlink():
        raise ReleaseError(
            f"{home.published} is a file of its own, not the link to a release; "
            "move it away, then run this again"
        )
    entry = {
        "at": datetime.now(UTC).strftime(INSTANT),
        "action": action,
        "release_id": release_id,
        "replaced": served_id(home),
    }
    try:
        _note(home, entry)
        folder = home.releases / release_id
        if partial is not None:
            os.rename(partial, folder)
            fsync_folder(home.releases)
        temporary = home.root / f".{DATABASE}.{os.getpid()}.link"
        temporary.unlink(missing_ok=True)
        os.symlink((folder / DATABASE).relative_to(home.root), temporary)
        os.replace(temporary, home.published)
        fsync_folder(home.root)
    except BaseException:
        with suppress(OSError):
            _settle(home)
        raise
    # Readers have it: a full disk is no reason to call it a failure. The note stays then.
    with suppress(OSError):
        _settle(home)


def _note(home: Home, entry: dict[str, Any]) -> None:
    """Write down what is about to be done, so that it survives whatever happens."""
    temporary = home.releases / f"{FLIP}.partial"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(entry))
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, home.releases / FLIP)
    fsync_folder(home.releases)


def _settle(home: Home) -> None:
    """Enter a change that was made into the journal; undo one that was only begun.

    The caller holds the lock.
    """
    note = home.releases / FLIP
    try:
        entry = json.loads(note.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except ValueError:
        entry = {}  # not written by this module
    release_id = entry.get("release_id")
    if release_id is not None and release_id == served_id(home):
        if journal(home)[-1:] != [entry]:
            _enter(home, entry)
    elif release_id is not None and entry.get("action") == "publish":
        _remove(home, release_id)
    note.unlink()
    fsync_folder(home.releases)


def _enter(home: Home, entry: dict[str, Any]) -> None:
    """Append a line to the journal, whatever the last one looks like."""
    with (home.releases / JOURNAL).open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        cut_short = end > 0 and file.read(1) != b"\n"
        file.write(b"\n" * cut_short + json.dumps(entry).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _remove(home: Home, release_id: str) -> None:
    """Remove a release: out of sight first, so that no half of it is ever listed."""
    grave = home.releases / f".{release_id}.removed"
    with suppress(FileNotFoundError):
        os.replace(home.releases / release_id, grave)
        shutil.rmtree(grave)


def journal(home: Home) -> list[dict[str, Any]]:
    """Every change of the served release, oldest first: at, action, release_id, replaced."""
    try:
        lines = (home.releases / JOURNAL).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for line in lines:
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue  # a line cut short by a crash
    return entries


def rollback(home: Home, release_id: str | None = None) -> Release:
    """Serve an earlier release again: the one named, or the one published before the served one.

    The file is verified first. A later refresh publishes normally. Raises ReleaseError.
    """
    if not releases(home):
        raise ReleaseError(f"{home.root} has no release yet; make one with `warehouse refresh`")
    with _flip_lock(home):
        known, current = releases(home), served_id(home)
    if release_id is None:
        ids = [each.release_id for each in known]
        older = known[ids.index(current) + 1 :] if current in ids else known
        if not older:
            raise ReleaseError(
                f"there is no release before {current}; `warehouse releases` lists those kept"
            )
        chosen = older[0]
    else:
        chosen = named(home, release_id)
    if chosen.release_id == current:
        raise ReleaseError(f"release {current} is already the one served")
    verify(chosen)
    serve(home, chosen, "rollback")
    return chosen


def apply_retention(home: Home, retention: Retention, now: datetime | None = None) -> list[str]:
    """Remove releases beyond the number to keep and older than the minimum age; return their ids.

    The served release stays whatever its age. Age counts from the last instant at which a release
    was served, so that a reader that has just resolved the link still finds the file.
    """
    now = now or datetime.now(UTC)
    removed = []
    with _flip_lock(home):
        current = served_id(home)
        last_served: dict[str, datetime] = {}
        for entry in journal(home):
            if entry.get("replaced"):
                last_served[entry["replaced"]] = _instant(entry["at"])
        for release in releases(home)[retention.keep_releases :]:
            last_needed = max(
                release.published_at, last_served.get(release.release_id, release.published_at)
            )
            young = now - last_needed < timedelta(hours=retention.minimum_age_hours)
            if release.release_id == current or young:
                continue
            _remove(home, release.release_id)
            removed.append(release.release_id)
    return removed


def clean_leftovers(home: Home) -> list[str]:
    """Remove what killed runs left behind; return the names. Only for the holder of refresh_lock.

    Half-written and half-removed releases, stray links and temporary files; what a killed change
    of the served release had begun is finished or undone.
    """
    with _flip_lock(home):
        leftovers = [
            *home.releases.glob(".*.partial"),
            *home.releases.glob(".*.removed"),
            *home.root.glob(f".{DATABASE}.*.link"),
            *home.root.glob(f"{home.build_database.name}.tmp"),
            *home.dbt.glob("*.tmp"),
            *home.dagster.glob("*.tmp"),
        ]
        for path in leftovers:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    return [path.name for path in leftovers]


def fsync_folder(path: Path) -> None:
    """Make the entries of a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
