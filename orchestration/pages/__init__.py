"""The pages of a release: each one self-contained file that asks nothing of the network."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from orchestration.home import Settings

SCORECARD = "scorecard.html"


def write_pages(
    connection: duckdb.DuckDBPyConnection, folder: Path, settings: Settings
) -> list[str]:
    """Write the pages of the release that is attached as `warehouse` into its folder.

    Returns the names of the files. A page that cannot be made holds no release back: the numbers
    are in the file, and the reason is logged.
    """
    from orchestration.pages.data import Incomplete
    from orchestration.pages.render import scorecard

    log = logging.getLogger(__name__)
    try:
        text = scorecard(
            connection, currency=settings.parameter("reporting_currency"), zone=settings.zone
        )
    except Incomplete as reason:
        log.warning("%s was not written: %s", SCORECARD, reason)
        return []
    except Exception:
        log.exception("%s was not written", SCORECARD)
        return []
    write_file(folder / SCORECARD, text)
    return [SCORECARD]


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
