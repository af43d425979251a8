"""Gate 1: expectations on the raw inputs, and the table in which both gates keep their results.

One row of `meta.quality_result` is one check of one run: what was observed, what was allowed,
which rows are behind it and what a person does about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb

from orchestration.home import PROJECT_ROOT, Home, Settings, load_settings
from orchestration.ingest.declaration import Declarations, read_declarations
from orchestration.suites import Severity, declared_tables, load_defaults, load_suites

if TYPE_CHECKING:
    from dagster import AssetChecksDefinition

Status = Literal["passed", "failed", "error"]
Outcome = Literal["passed", "blocked", "fault"]
EXPECTATIONS = PROJECT_ROOT / "expectations"
# What every table is checked for; thresholds and remedies are in expectations/defaults.yml.
DEFAULT_CHECKS: dict[str, tuple[Severity, str]] = {
    "rejected_rows": ("warning", "rejected rows"),
    "rejected_rows_share": ("critical", "file with too many rejected rows"),
    "rejected_files": ("warning", "file that could not be loaded"),
    "empty_files": ("warning", "file without a record"),
    "volume": ("warning", "delivery much smaller than those before"),
    "expected_delivery": ("warning", "table missing that its source is incomplete without"),
    "late_delivery": ("warning", "delivery overdue"),
    "required_values": ("warning", "empty required values"),
    "mangled_ids": ("critical", "ids rewritten by a spreadsheet, such as 1.03E+13"),
    "placeholder_ids": ("warning", "ids that stand for nothing, such as NULL or N/A"),
    "plausible_dates": ("warning", "implausible dates"),
    "contradicting_rows": ("warning", "newest rows of one key that differ"),
}

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
    """Append results to meta.quality_result, creating the table if needed.

    A result of the same run, gate, check, subject and column replaces the earlier one, so that a
    step that is run again does not count twice.
    """
    connection.execute(QUALITY_RESULT_DDL)
    if not results:
        return
    names = [one.name for one in fields(Result)]
    lists = [[getattr(one, name) for one in results] for name in names]
    types = {"gate": "integer", "unexpected_count": "bigint", "checked_at": "timestamp"}
    columns = ", ".join(
        f"unnest(cast(? as {types.get(name, 'varchar')}[])) as {name}" for name in names
    )
    connection.begin()
    try:
        connection.execute(
            f"create or replace temp table incoming_results as select {columns}", lists
        )
        connection.execute("""
            delete from meta.quality_result as old
            using incoming_results as new
            where
                old.run_id = new.run_id
                and old.gate = new.gate
                and old.check_name = new.check_name
                and old.subject = new.subject
                and old.column_name is not distinct from new.column_name
        """)
        connection.execute("insert into meta.quality_result by name from incoming_results")
        connection.execute("drop table incoming_results")
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


def run_gate_1(
    home: Home,
    run_id: str,
    *,
    as_of: datetime,
    settings: Settings | None = None,
    declarations: Declarations | None = None,
    expectations: Path = EXPECTATIONS,
) -> list[Result]:
    """Check every export table that has a delivery, and record the results in meta.quality_result.

    `as_of` is the instant of the run, aware. A table that was never delivered has no results.
    Raises SuiteError for a suite that cannot be used; a check that breaks has status error.
    """
    settings = settings or load_settings(home)
    declarations = declarations or read_declarations(PROJECT_ROOT)
    from orchestration.gate_1 import Gate

    gate = Gate(
        run_id=run_id,
        as_of=as_of.astimezone(UTC).replace(tzinfo=None),
        currency=str(settings.parameter("reporting_currency")),
        tables=declared_tables(declarations),
        suites=load_suites(expectations, declarations),
        defaults=load_defaults(expectations),
        root=declarations.root,
    )
    if not home.build_database.exists():
        return []
    from orchestration.expectations_engine import open_database

    with open_database(home.build_database) as database:
        results = gate.run(database)
    with duckdb.connect(str(home.build_database)) as connection:
        insert_results(connection, results)
    return results


def gate_1_checks(declarations: Declarations | None = None) -> list[AssetChecksDefinition]:
    """The expectations of every export table as Dagster asset checks; critical ones block.

    Needs no database. Raises SuiteError for a suite that cannot be used.
    """
    from orchestration.gate_1_checks import build_checks

    return [build_checks(declarations or read_declarations(PROJECT_ROOT))]
