"""Gate 1: expectations on the raw inputs, and the table in which both gates keep their results.

One row of `meta.quality_result` is one check of one run: what was observed, what was allowed, which
rows are behind it and what a person does about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import Literal

import duckdb

Severity = Literal["critical", "warning"]
Status = Literal["passed", "failed", "error"]
Outcome = Literal["passed", "blocked", "fault"]

QUALITY_RESULT_DDL = """
create schema if not exists meta;
create table if not exists meta.quality_result (
    run_id varchar not null,
    gate integer not null,
    check_name varchar not null,
    subject varchar not null,
    column_name varchar,
    severity varchar not null check (severity in ('critical', 'warning')),
    status varchar not null check (status in ('passed', 'failed', 'error')),
    observed varchar,
    threshold varchar,
    unexpected_count bigint,
    sample_keys varchar,
    message varchar,
    remedy varchar,
    checked_at timestamp not null,
);
"""


@dataclass(frozen=True)
class Result:
    """One row of meta.quality_result; `checked_at` is naive UTC, `sample_keys` comma-joined."""

    run_id: str
    gate: int
    check_name: str
    subject: str
    column_name: str | None
    severity: Severity
    status: Status
    observed: str | None
    threshold: str | None
    unexpected_count: int | None
    sample_keys: str | None
    message: str
    remedy: str
    checked_at: datetime


def insert_results(connection: duckdb.DuckDBPyConnection, results: Sequence[Result]) -> None:
    """Append results to meta.quality_result of a read-write connection, creating the table if needed.

    A result of the same run, gate, check, subject and column replaces the earlier one, so that a
    step that is run again does not count twice.
    """
    connection.execute(QUALITY_RESULT_DDL)
    if not results:
        return
    identity = [
        (one.run_id, one.gate, one.check_name, one.subject, one.column_name) for one in results
    ]
    marks = ", ".join("?" for _ in fields(Result))
    connection.begin()
    try:
        connection.executemany(
            "delete from meta.quality_result where run_id = ? and gate = ? and check_name = ?"
            " and subject = ? and column_name is not distinct from ?",
            identity,
        )
        connection.executemany(
            f"insert into meta.quality_result values ({marks})",
            [astuple(one) for one in results],
        )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def outcome(results: Sequence[Result]) -> Outcome:
    """What a gate says about the night: a broken check is a fault, a critical failure blocks."""
    if any(one.status == "error" for one in results):
        return "fault"
    if any(one.status == "failed" and one.severity == "critical" for one in results):
        return "blocked"
    return "passed"
