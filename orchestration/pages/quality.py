"""Writes quality.html: what a night checked, what it found, and the nights before. No script."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from orchestration.pages.data import Row, rows
from orchestration.pages.render import asset, environment, policy
from orchestration.sql_text import quoted

NIGHTS = 21
SAMPLES = 5
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_PHONE = re.compile(r"\+\d[\d ()./-]{6,}\d")
_COUNTED = """
select
    run_id,
    max(checked_at) as checked_at,
    count(*) as checks,
    count(case when status = 'passed' then 1 end) as passed,
    count(case when status <> 'passed' and severity = 'critical' then 1 end) as critical,
    count(case when status <> 'passed' and severity = 'warning' then 1 end) as warnings,
    count(case when status = 'error' then 1 end) as errors,
    max(gate) as gate
from {database}.meta.quality_result
group by run_id
order by 2 desc
"""


def quality(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    run_id: str,
    *,
    zone: ZoneInfo,
    published: str | None,
) -> str:
    """The page of one run from the build database that is attached under the name `database`.

    `published` is the id of the release that the run made, None for a night that made none.
    """
    place = quoted(database)
    tables = {
        each
        for (each,) in connection.execute(
            "select table_name from duckdb_tables()"
            " where database_name = $name and schema_name = 'meta'",
            {"name": database},
        ).fetchall()
    }
    results: list[Row] = []
    nights: list[Row] = []
    if "quality_result" in tables:
        nights = rows(connection, _COUNTED.format(database=place))
        results = [
            _shown(each)
            for each in rows(
                connection,
                f"""
                select * from {place}.meta.quality_result where run_id = ?
                order by
                    status = 'passed', severity, gate, subject, check_name,
                    column_name nulls first
                """,
                run_id,
            )
        ]
    style = asset("page.css")
    night = next((each for each in nights if each["run_id"] == run_id), None)
    return (
        environment()
        .get_template("quality.html")
        .render(
            policy=policy(style),
            style=style,
            run_id=run_id,
            published=published,
            zone=zone.key,
            night=night and night | {"at": _local(night["checked_at"], zone)},
            outcome=outcome(night, published),
            found=[each for each in results if each["status"] != "passed"],
            subjects=_by_subject(results),
            feeds=_feeds(connection, place, tables, run_id),
            refused=_refused(connection, place, tables),
            rejected=_rejected(connection, place, tables),
            nights=[
                each
                | {
                    "at": _local(each["checked_at"], zone),
                    "outcome": outcome(each, "" if each["run_id"] != run_id else published),
                    "here": each["run_id"] == run_id,
                }
                for each in nights[:NIGHTS]
            ],
        )
    )


def outcome(night: Row | None, published: str | None) -> Row:
    """What a night came to, as a key and in words; published '' means that it is not known."""
    if published:
        return {"key": "passed", "word": "published"}
    if night is None:
        return {"key": "failed", "word": "nothing was checked"}
    if night["errors"]:
        return {"key": "failed", "word": "a check could not run"}
    if night["critical"]:
        return {"key": "failed", "word": "blocked"}
    if published is None:
        return {"key": "failed", "word": "stopped before the release"}
    return {"key": "passed", "word": "passed" if night["gate"] == 2 else "passed gate 1"}


def impersonal(text: str | None) -> str:
    """A text of a check without e-mail addresses and international phone numbers."""
    return _PHONE.sub("(phone number)", _EMAIL.sub("(e-mail address)", text or ""))


def _shown(each: Row) -> Row:
    """A result with its texts made impersonal, its remedy once, and its samples as a list."""
    words = {
        name: impersonal(each[name])
        for name in ("observed", "threshold", "message", "remedy", "sample_keys")
    }
    place = ".".join(filter(None, (each["subject"], each["column_name"])))
    message = words["message"].split(" What to do: ")[0].removeprefix(f"{place}: ")
    separator = "; " if "; " in words["sample_keys"] else ", "
    samples = [one for one in words["sample_keys"].split(separator) if one]
    return (
        each
        | words
        | {
            "message": message,
            "samples": samples[:SAMPLES],
            "more": max(0, len(samples) - SAMPLES),
            "name": each["check_name"].removeprefix("assert_").replace("_", " "),
        }
    )


def _by_subject(results: Iterable[Row]) -> list[Row]:
    groups: dict[str, list[Row]] = {}
    for each in results:
        groups.setdefault(each["subject"], []).append(each)
    return [
        {
            "name": subject,
            "checks": sorted(
                checks, key=lambda each: (each["check_name"], each["column_name"] or "")
            ),
            "bad": sum(each["status"] != "passed" for each in checks),
        }
        for subject, checks in sorted(groups.items())
    ]


def _feeds(
    connection: duckdb.DuckDBPyConnection, place: str, tables: set[str], run_id: str
) -> list[Row]:
    if "feed_load" not in tables or not _has(connection, place, "feed_load", "rows_loaded"):
        return []
    return rows(
        connection,
        f"""
        select
            source, entity,
            count(*) as files,
            count(case when run_id = $1 then 1 end) as new_files,
            cast(coalesce(sum(rows_loaded), 0) as bigint) as rows_loaded,
            cast(coalesce(sum(rows_rejected), 0) as bigint) as rows_rejected,
            count(case when status = 'rejected' then 1 end) as files_rejected,
            max(loaded_at) as loaded_at
        from {place}.meta.feed_load
        where is_current
        group by source, entity
        order by source, entity
        """,
        run_id,
    )


def _refused(connection: duckdb.DuckDBPyConnection, place: str, tables: set[str]) -> list[Row]:
    if "feed_load" not in tables or not _has(connection, place, "feed_load", "remedy"):
        return []
    found = rows(
        connection,
        f"select source_file, reason, remedy from {place}.meta.feed_load"
        " where is_current and status = 'rejected' order by source_file",
    )
    return [{name: impersonal(text) for name, text in each.items()} for each in found]


def _rejected(connection: duckdb.DuckDBPyConnection, place: str, tables: set[str]) -> list[Row]:
    """Records that were not loaded, by reason, with places to look; never their content."""
    if "rejected" not in tables or not _has(connection, place, "rejected", "line_number"):
        return []
    found = rows(
        connection,
        f"""
        select
            source || '.' || entity as subject,
            column_name,
            reason,
            count(*) as records,
            list(source_file || ' line ' || coalesce(line_number, row_number)
                order by source_file, row_number)[1:{SAMPLES}] as places
        from {place}.meta.rejected
        group by all
        order by records desc, subject, column_name, reason
        limit 100
        """,
    )
    return [each | {"reason": impersonal(each["reason"])} for each in found]


def _has(connection: duckdb.DuckDBPyConnection, place: str, table: str, column: str) -> bool:
    described = connection.execute(f"select * from {place}.meta.{table} limit 0").description
    return any(each[0] == column for each in described or [])


def _local(instant: Any, zone: ZoneInfo) -> datetime:
    """A naive UTC instant of the database in the reporting zone."""
    local: datetime = instant.replace(tzinfo=UTC).astimezone(zone)
    return local
