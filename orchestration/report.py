"""What a home says about itself, read without Dagster or dbt: scorecard, checks, feeds, runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import PROJECT_ROOT, Home

Row = dict[str, Any]


def rows(database: Path, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
    """Rows of a query on a file opened read-only, as dictionaries; none when a table is missing.

    Raises duckdb.IOException when another process holds the file for writing.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        try:
            found = connection.execute(query, dict(parameters or {}))
        except (duckdb.CatalogException, duckdb.BinderException):
            return []
        names = [each[0] for each in found.description or []]
        return [dict(zip(names, each, strict=True)) for each in found.fetchall()]


@contextmanager
def opened(database: Path) -> Iterator[None]:
    """Keep a file open meanwhile: opening it anew takes longer than most queries on it."""
    with duckdb.connect(str(database), read_only=True):
        yield


def scorecard(home: Home) -> list[Row]:
    """The undivided rows of kpis.kpi_scorecard of the served release; none without a release."""
    if not home.published.exists():
        return []
    found = rows(home.published, "select * from kpis.kpi_scorecard")
    return [each for each in found if each.get("dim_name", "all") == "all"]


def quality(home: Home, run_id: str | None = None) -> list[Row]:
    """Results of both gates of one run, or of the latest one, failed critical checks first."""
    if not home.build_database.exists():
        return []
    return rows(
        home.build_database,
        """
        select * from meta.quality_result
        where run_id = coalesce(
            $run_id, (select arg_max(run_id, checked_at) from meta.quality_result)
        )
        order by status = 'passed', severity, gate, subject, check_name
        """,
        {"run_id": run_id},
    )


def failed(results: list[Row], severity: str | None = None) -> list[Row]:
    """Those results that did not pass, of one severity or of both."""
    return [
        each
        for each in results
        if each["status"] != "passed" and severity in (None, each["severity"])
    ]


def finding(check: Row) -> str:
    """What a check found, without the place, figures and remedy that are shown beside it."""
    text = str(check["message"] or "").partition(" What to do:")[0]
    column = f".{check['column_name']}" if check.get("column_name") else ""
    text = text.removeprefix(f"{check['subject']}{column}: ")
    figures = f": {check['observed']}, allowed: {check['threshold']}."
    text = text.replace(figures, ".", 1)
    return (text.partition(" Rows: ")[0] if check.get("sample_keys") else text).strip()


def loads(database: Path, run_id: str | None = None) -> Row | None:
    """What a run loaded (all runs when no run is named): files, rows, rejected rows and files."""
    found = rows(
        database,
        """
        select
            count(*) as files,
            coalesce(sum(rows_loaded), 0)::bigint as rows_loaded,
            coalesce(sum(rows_rejected), 0)::bigint as rows_rejected,
            count(case when status = 'rejected' then 1 end) as files_rejected
        from meta.feed_load
        where $run_id is null or run_id = $run_id
        """,
        {"run_id": run_id},
    )
    return found[0] if found else None


def feeds(database: Path) -> list[Row]:
    """One row per table of a source: current files, rows, rejected rows, last load."""
    return rows(
        database,
        """
        select
            source,
            entity,
            count(*) as files,
            coalesce(sum(rows_loaded), 0)::bigint as rows_loaded,
            coalesce(sum(rows_rejected), 0)::bigint as rows_rejected,
            count(case when status = 'rejected' then 1 end) as files_rejected,
            max(loaded_at) as last_loaded_at
        from meta.feed_load
        where is_current
        group by source, entity
        order by source, entity
        """,
    )


def late_feeds(home: Home, database: Path, now: datetime) -> list[Row]:
    """Tables whose delivery is overdue, or that their source is incomplete without: state, why.

    `now` is aware. A delivery is when a file was loaded, or put into landing if that is later: the
    same bytes again are loaded once and are no less a delivery. What is overdue is said by
    `freshness` in the source definitions, what is expected by `expected` in the suites.
    """
    from orchestration.ingest.declaration import days, read_declarations
    from orchestration.suites import load_suites

    declared = read_declarations(PROJECT_ROOT)
    loaded = {
        (each["source"], each["entity"]): each["loaded_at"].replace(tzinfo=UTC)
        for each in rows(
            database,
            "select source, entity, max(loaded_at) as loaded_at from meta.feed_load"
            " where status = 'loaded' group by source, entity",
        )
    }
    expected = {
        key
        for key, suite in load_suites(PROJECT_ROOT / "expectations", declared).items()
        if suite.expected
    }
    delivered_sources = {source for source, _ in loaded}
    found: list[Row] = []
    for source in declared:
        for table in source.tables:
            key = (table.source, table.name)
            row: Row = {"source": table.source, "entity": table.name, "last_delivered_at": None}
            if key not in loaded:
                if key in expected and table.source in delivered_sources:
                    why = f"never delivered; {table.source} is incomplete without it"
                    remedy = "Add it to the export."
                    found.append(row | {"state": "missing", "why": why, "remedy": remedy})
                continue
            if table.late_after is None:
                continue
            last = max(loaded[key], *_put(home.landing / table.source / table.name, now))
            if now - last > table.late_after:
                when, every = f"{last:%Y-%m-%d %H:%M} UTC", days(table.late_after)
                found.append(
                    row
                    | {
                        "state": "late",
                        "last_delivered_at": last.replace(tzinfo=None),
                        "why": f"last delivered at {when}, expected every {every}",
                        "remedy": f"Check the export; its schedule is `freshness` in {table.path}.",
                    }
                )
    return found


def _put(folder: Path, now: datetime) -> list[datetime]:
    """When files were put into a folder of landing; instants of the future do not count."""
    found = [datetime.min.replace(tzinfo=UTC)]
    for path in folder.rglob("*") if folder.is_dir() else []:
        with suppress(OSError):
            put = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if path.is_file() and put <= now:
                found.append(put)
    return found


def skipped_files(database: Path) -> list[Row]:
    """What the last run passed over in landing, why, and what to do."""
    return rows(
        database,
        "select source_file, reason, remedy from meta.feed_skipped order by source_file",
    )


def rejected_files(database: Path) -> list[Row]:
    """Current deliveries that were refused as a whole, with the reason and what to do."""
    return rows(
        database,
        """
        select source_file, reason, remedy
        from meta.feed_load
        where is_current and status = 'rejected'
        order by source_file
        """,
    )


def rejected_rows(database: Path, limit: int = 20) -> list[Row]:
    """Records of current deliveries that were quarantined: where, which value, why, what to do.

    `value` and `remedy` are known in the build database only; a release does not hold them.
    """
    query = """
        select
            rejected.source_file,
            rejected.line_number,
            rejected.row_number,
            rejected.column_name,
            {detail}
            rejected.reason
        from meta.rejected as rejected
        inner join meta.feed_load as feed_load
            on rejected.source_file = feed_load.source_file
            {same_bytes}
            and feed_load.is_current
        order by rejected.source_file, rejected.row_number
        limit {limit}
    """
    full = query.format(
        detail="rejected.value, rejected.remedy,",
        same_bytes="and rejected.file_sha256 = feed_load.file_sha256",
        limit=int(limit),
    )
    bare = query.format(detail="null as value, null as remedy,", same_bytes="", limit=int(limit))
    has_values = rows(
        database,
        "select 1 as yes from duckdb_columns() where schema_name = 'meta'"
        " and table_name = 'rejected' and column_name = 'value'",
    )
    return rows(database, full if has_values else bare)


def runs(home: Home, limit: int = 5) -> list[Row]:
    """The last runs, newest first: run_id, status, started_at; from Dagster's run history."""
    database = home.dagster / "history" / "runs.db"
    if not database.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=2)) as history:
            found = history.execute(
                "select run_id, status, start_time, end_time from runs order by id desc limit ?",
                (limit,),
            ).fetchall()
    except sqlite3.Error:
        return []
    return [
        {
            "run_id": run_id,
            "status": str(status).lower(),
            "started_at": _moment(start),
            "seconds": round(end - start, 1) if start and end else None,
        }
        for run_id, status, start, end in found
    ]


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=0) if seconds else None


def landing_files(home: Home) -> list[Path]:
    """Every file below landing that is not hidden."""
    if not home.landing.is_dir():
        return []
    return sorted(
        path
        for path in home.landing.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(home.landing).parts)
    )
