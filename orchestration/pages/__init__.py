"""The pages of a release: each one self-contained file that asks nothing of the network."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from orchestration.home import Home, Settings

SCORECARD = "scorecard.html"
QUALITY = "quality.html"
DOCS = "docs.html"
# What `dbt docs generate --static` writes, below the dbt folder of a home.
DBT_DOCS = Path("target", "static_index.html")
# Pages of nights that published nothing; the newest of them are kept.
FOLDER = "quality"
KEPT = 60
_log = logging.getLogger(__name__)


def write_pages(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    settings: Settings,
    *,
    build: str,
    run_id: str,
    release_id: str,
    docs: Path | None = None,
) -> list[str]:
    """Write the pages of a release into its folder; return the names of the files.

    The release is attached as `warehouse`, the build database as `build`; `docs` is the page that
    dbt wrote, if it did. A page that cannot be
    made holds no release back: the numbers are in the file, and the reason is logged.
    """
    from orchestration.pages.quality import quality
    from orchestration.pages.render import scorecard

    documented = docs is not None and docs.exists()
    beside = {QUALITY: "what was checked"} | ({DOCS: "models and SQL"} if documented else {})
    pages: dict[str, Callable[[], str]] = {
        SCORECARD: lambda: scorecard(
            connection,
            currency=settings.parameter("reporting_currency"),
            zone=settings.zone,
            beside=beside,
        ),
        QUALITY: lambda: quality(
            connection, build, run_id, zone=settings.zone, published=release_id
        ),
    }
    if docs is not None and documented:
        # The page names the files that dbt compiled; where they are on this machine is left out.
        here = f"{docs.parent.parent.resolve()}/"
        pages[DOCS] = lambda: docs.read_text(encoding="utf-8").replace(here, "")
    return [name for name, make in pages.items() if _write(folder / name, make)]


def write_night(home: Home, settings: Settings, run_id: str) -> Path | None:
    """Write the quality page of a night that published nothing: <home>/quality/<time>-<run>.html.

    `quality/latest.html` is the same page. Returns its path; None when it could not be made, for
    instance because another run holds the database.
    """
    import duckdb

    from orchestration.pages.quality import quality

    folder = home.root / FOLDER
    if not home.build_database.exists():
        return None
    try:
        with duckdb.connect(str(home.build_database), read_only=True) as connection:
            found = connection.execute(
                "select max(checked_at) from meta.quality_result where run_id = ?", [run_id]
            ).fetchone()
            if not found or found[0] is None:
                return None
            name = home.build_database.stem
            text = quality(connection, name, run_id, zone=settings.zone, published=None)
    except duckdb.Error as error:
        _log.warning("the quality page of run %s was not written: %s", run_id, error)
        return None
    path = folder / f"{found[0]:%Y%m%dT%H%M%SZ}-{run_id[:8]}.html"
    for target in (path, folder / "latest.html"):
        write_file(target, text)
    for old in sorted(folder.glob("[0-9]*.html"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def _write(path: Path, make: Callable[[], str]) -> bool:
    from orchestration.pages.data import Incomplete

    try:
        text = make()
    except Incomplete as reason:
        _log.warning("%s was not written: %s", path.name, reason)
        return False
    except Exception:
        _log.exception("%s was not written", path.name)
        return False
    write_file(path, text)
    return True


def write_file(path: Path, text: str) -> None:
    """Write a read-only page so that it survives a power cut, in the place of an older one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.chmod(0o444)
    partial.replace(path)
