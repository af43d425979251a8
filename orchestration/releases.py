"""The releases of a home: list them, check them, choose which one is served, remove old ones.

A release is a folder `releases/<release_id>/` with `warehouse.duckdb` (mode 0444) and
`manifest.json`. Readers open `warehouse.duckdb` in the home: a relative link that is only ever
changed by an atomic rename. `releases/journal.jsonl` has one line per change of that link.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.home import Home, Retention

DATABASE = "warehouse.duckdb"
MANIFEST = "manifest.json"
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
    """The id of the release that readers get; None before the first one."""
    try:
        return Path(os.readlink(home.published)).parent.name
    except OSError:
        return None


def served(home: Home) -> Release | None:
    """The release that readers get; None when there is none or its manifest is gone."""
    wanted = served_id(home)
    return next((each for each in releases(home) if each.release_id == wanted), None)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(release: Release) -> None:
    """Raise ReleaseError unless the file of a release is byte for byte the one published."""
    try:
        size = release.database.stat().st_size
    except OSError as error:
        raise ReleaseError(f"release {release.release_id} has no {DATABASE}: {error}") from error
    if size != release.bytes:
        problem = f"is {size} bytes long, but {release.bytes} were published"
    elif sha256_of(release.database) != release.sha256:
        problem = "has other content than was published (sha256 differs)"
    else:
        return
    raise ReleaseError(
        f"{release.database} {problem}; it is damaged and will not be served. "
        "Choose another one (`warehouse releases`) or make a new one (`warehouse refresh`)."
    )


@contextmanager
def _flip_lock(home: Home) -> Iterator[None]:
    """Changes of the link and removals never overlap; held for milliseconds."""
    home.releases.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home.releases / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def serve(home: Home, release: Release, action: str) -> None:
    """Point the published link at a release, atomically, and write it into the journal."""
    with _flip_lock(home):
        if home.published.exists() and not home.published.is_symlink():
            raise ReleaseError(
                f"{home.published} is a file of its own, not the link to a release; "
                "move it away, then run this again"
            )
        before = served_id(home)
        temporary = home.root / f".{DATABASE}.{os.getpid()}.link"
        temporary.unlink(missing_ok=True)
        target = release.database.relative_to(home.root)
        os.symlink(target, temporary)
        os.replace(temporary, home.published)
        fsync_folder(home.root)
        entry = {
            "at": datetime.now(UTC).strftime(INSTANT),
            "action": action,
            "release_id": release.release_id,
            "replaced": before,
        }
        with (home.releases / "journal.jsonl").open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(entry) + "\n")
            journal.flush()
            os.fsync(journal.fileno())


def journal(home: Home) -> list[dict[str, Any]]:
    """Every change of the served release, oldest first: at, action, release_id, replaced."""
    try:
        lines = (home.releases / "journal.jsonl").read_text(encoding="utf-8").splitlines()
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
    known = releases(home)
    if not known:
        raise ReleaseError(f"{home.root} has no release yet; make one with `warehouse refresh`")
    current = served_id(home)
    if release_id is None:
        ids = [each.release_id for each in known]
        older = known[ids.index(current) + 1 :] if current in ids else known
        if not older:
            raise ReleaseError(
                f"there is no release before {current}; `warehouse releases` lists those kept"
            )
        chosen = older[0]
    else:
        matches = [each for each in known if each.release_id.startswith(release_id)]
        exact = [each for each in matches if each.release_id == release_id]
        if len(exact or matches) != 1:
            problem = "is not a release" if not matches else "matches several releases"
            raise ReleaseError(
                f"{release_id!r} {problem} of {home.root}; `warehouse releases` lists them"
            )
        chosen = (exact or matches)[0]
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
            grave = home.releases / f".{release.release_id}.removed"
            os.replace(release.folder, grave)
            shutil.rmtree(grave)
            removed.append(release.release_id)
    return removed


def clean_leftovers(home: Home) -> list[str]:
    """Remove what killed runs left behind: half-written and half-removed releases, stray links."""
    leftovers = [
        *home.releases.glob(".*.partial"),
        *home.releases.glob(".*.removed"),
        *home.root.glob(f".{DATABASE}.*.link"),
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
