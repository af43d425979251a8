"""Writes the invented company: raw exports into a landing folder, the truth about it beside them.

The work is done set-wise by DuckDB in a scratch database on disk, so memory stays bounded at any
scale. `sql/company.sql` makes the company, `sql/<source>.sql` its exports, `sql/truth.sql` the KPIs
it really had.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from demo.exports import SOURCES, text_literal, write_source

ZONE = ZoneInfo("Europe/Berlin")
DEFAULT_AS_OF = dt.date(2026, 1, 1)
MONTHS_OF_HISTORY = 36
SQL = Path(__file__).with_name("sql")
MANIFEST = "manifest.json"

Progress = Callable[[str], None]


class DemoError(Exception):
    """The demo cannot be written; the message says why and what to do."""


def write_exports(
    landing: Path,
    *,
    scale: float = 1.0,
    seed: int = 1,
    as_of: dt.date = DEFAULT_AS_OF,
    truth: Path,
    progress: Progress = lambda _: None,
) -> dict[str, int]:
    """Write the exports and the truth; return the records per file (path relative to `landing`).

    The same arguments give the same bytes, and a second call with them finds the files in place and
    returns at once. `as_of` is a local date in Europe/Berlin: everything exported happened before
    its midnight. Raises DemoError on arguments out of range, or when `truth` describes a company of
    other arguments.
    """
    if not 0.01 <= scale <= 1000:
        raise DemoError(
            f"scale {scale} is out of range: choose one from 0.01 to 1000 (1 is 600 accounts)."
        )
    if not 0 <= seed < 2**31:
        raise DemoError(f"seed {seed} is out of range: choose a whole number from 0 to 2147483647.")
    if truth.resolve().is_relative_to(landing.resolve()):
        raise DemoError(
            f"{truth} lies inside the landing folder {landing}, where it would be loaded: "
            "choose another."
        )
    wanted = {"scale": scale, "seed": seed, "as_of": as_of.isoformat()}
    known = _read_manifest(truth)
    if known is not None:
        if {key: known[key] for key in wanted} != wanted:
            raise DemoError(
                f"{truth / MANIFEST} describes another company ({_describe(known)}), "
                f"not {_describe(wanted)}. Both in one place would mix their customers: "
                "choose another, empty landing and truth folder."
            )
        files: dict[str, int] = known["files"]
        if known["code"] == _code_version() and all((landing / name).is_file() for name in files):
            progress(f"{len(files)} files are in place already ({_describe(wanted)})")
            return files
    landing.mkdir(parents=True, exist_ok=True)
    truth.mkdir(parents=True, exist_ok=True)
    # Whose folder it is stands there from the start, so that an interrupted run is only continued.
    earlier: dict[str, int] = known["files"] if known else {}
    _write_manifest(truth, wanted | {"code": "unfinished", "files": earlier})
    with tempfile.TemporaryDirectory(prefix=".company-", dir=truth) as scratch:
        connection = _open(Path(scratch))
        try:
            _make_company(connection, scale, seed, as_of, progress)
            written: dict[str, int] = {}
            for source in SOURCES:
                written |= write_source(
                    connection, SQL / f"{source}.sql", landing, source, progress
                )
            _write_truth(connection, truth, progress)
        finally:
            connection.close()
    for name in earlier.keys() - written.keys():
        (landing / name).unlink(missing_ok=True)
    _write_manifest(truth, wanted | {"code": _code_version(), "files": written})
    return written


def _describe(company: dict[str, Any]) -> str:
    return f"scale {company['scale']}, seed {company['seed']}, as of {company['as_of']}"


def _code_version() -> str:
    digest = hashlib.sha256(duckdb.__version__.encode())
    for path in sorted([*SQL.glob("*.sql"), *SQL.parent.glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read_manifest(truth: Path) -> dict[str, Any] | None:
    path = truth / MANIFEST
    if not path.is_file():
        return None
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def _write_manifest(truth: Path, company: dict[str, Any]) -> None:
    part = truth / (MANIFEST + ".part")
    part.write_text(json.dumps(company, indent=1) + "\n")
    os.replace(part, truth / MANIFEST)


def _open(scratch: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(scratch / "company.duckdb"))
    connection.execute("set timezone = 'UTC'")
    connection.execute("set memory_limit = '2GB'")
    connection.execute("set preserve_insertion_order = true")
    connection.execute("set enable_progress_bar = false")
    return connection


def _make_company(
    connection: duckdb.DuckDBPyConnection,
    scale: float,
    seed: int,
    as_of: dt.date,
    progress: Progress,
) -> None:
    months = as_of.year * 12 + as_of.month - 1 - MONTHS_OF_HISTORY
    first = dt.date(months // 12, months % 12 + 1, 1)
    constants = {
        "seed": f"cast({seed} as bigint)",
        "d0": f"date '{first}'",
        "d1": f"date '{as_of}'",
        "t0": f"timestamp '{_utc_midnight(first):%Y-%m-%d %H:%M:%S}'",
        "t1": f"timestamp '{_utc_midnight(as_of):%Y-%m-%d %H:%M:%S}'",
        "n_accounts": max(6, round(600 * scale)),
        "n_leads": max(30, round(3000 * scale)),
        "n_tickets": max(60, round(6000 * scale)),
        "n_sessions": max(250, round(25000 * scale)),
        "n_responses": max(40, round(4000 * scale)),
        "n_reps": max(3, round(8 * scale)),
        "n_agents": max(3, round(10 * scale)),
        "n_campaigns": max(4, round(20 * scale)),
    }
    for name, value in constants.items():
        connection.execute(f"create macro {name}() as {value}")
    _run_steps(connection, SQL / "company.sql", progress)


def _utc_midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(dt.UTC)


def _run_steps(connection: duckdb.DuckDBPyConnection, path: Path, progress: Progress) -> None:
    """Run a file whose sections begin with `-- step: <name>`."""
    for section in path.read_text().split("-- step: ")[1:]:
        name, _, body = section.partition("\n")
        progress(name)
        connection.execute(body)


def _write_truth(connection: duckdb.DuckDBPyConnection, truth: Path, progress: Progress) -> None:
    progress("truth")
    _run_steps(connection, SQL / "truth.sql", lambda _: None)
    part = truth / "kpi_truth.csv.part"
    connection.execute(
        f"copy (from kpi_truth order by kpi_id, period_start) to {text_literal(str(part))} "
        "(format csv, header)"
    )
    os.replace(part, truth / "kpi_truth.csv")
