"""A raw database as loading leaves it, written straight into DuckDB for tests of gate 1."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import PROJECT_ROOT, Home, Settings
from orchestration.ingest.declaration import Declarations, read_declarations
from orchestration.quality import Result, run_gate_1
from orchestration.suites import declared_tables

AS_OF = datetime(2025, 7, 14, 22, tzinfo=UTC)
DECLARATIONS = read_declarations(PROJECT_ROOT)
TABLES = declared_tables(DECLARATIONS)
FEED_LOAD = """
create schema raw;
create schema meta;
create table meta.feed_load (
    run_id varchar, source varchar, entity varchar, source_file varchar, file_sha256 varchar,
    file_bytes bigint, records bigint, rows_loaded bigint, rows_rejected bigint, status varchar,
    reason varchar, remedy varchar, missing_columns varchar, extra_columns varchar,
    loaded_at timestamp, is_current boolean
);
create table meta.rejected (
    run_id varchar, source varchar, entity varchar, source_file varchar, file_sha256 varchar,
    row_number bigint, line_number bigint, column_name varchar, value varchar, reason varchar,
    remedy varchar, record varchar, loaded_at timestamp
);
create table meta.feed_skipped (
    run_id varchar, source varchar, source_file varchar, reason varchar, remedy varchar,
    noted_at timestamp
);
"""


class Night:
    """A home whose raw tables a test fills delivery by delivery."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.deliveries = 0
        with duckdb.connect(str(self.home.build_database)) as connection:
            connection.execute(FEED_LOAD)

    def deliver(
        self,
        table: str,
        rows: Sequence[Mapping[str, Any]],
        file: str | None = None,
        rejected: int = 0,
        status: str = "loaded",
        reason: str | None = None,
        records: int | None = None,
    ) -> str:
        """Append a delivery of `source.table`; the same file name again is a correction."""
        source, name = table.split(".")
        declared = TABLES[source, name]
        file = f"{source}/{name}/{file or 'export.csv'}"
        self.deliveries += 1
        loaded_at = datetime(2025, 7, 15) + timedelta(hours=self.deliveries)
        sha = hashlib.sha256(str(self.deliveries).encode()).hexdigest()
        raw = f'raw."{declared.identifier}"'
        columns = [column.name for column in declared.columns]
        typed = ", ".join(f'"{column}" varchar' for column in columns)
        with duckdb.connect(str(self.home.build_database)) as connection:
            connection.execute(
                f"create table if not exists {raw} ({typed}, _source_file varchar,"
                " _row_number bigint, _file_sha256 varchar, _loaded_at timestamp)"
            )
            for number, row in enumerate(rows, 1):
                unknown = set(row) - set(columns)
                assert not unknown, f"{table} has no column {unknown}"
                values = [None if row.get(one) is None else str(row[one]) for one in columns]
                connection.execute(
                    f"insert into {raw} values ({', '.join('?' * (len(columns) + 4))})",
                    [*values, file, number, sha, loaded_at],
                )
            connection.execute(
                "update meta.feed_load set is_current = false where source_file = ?", [file]
            )
            connection.execute(
                "insert into meta.feed_load values"
                " (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, null, null, null, ?, true)",
                [
                    f"night {self.deliveries}", source, name, file, sha,
                    len(rows) + rejected if records is None else records,
                    len(rows), rejected, status, reason, loaded_at,
                ],
            )  # fmt: skip
            for number in range(rejected):
                connection.execute(
                    "insert into meta.rejected values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        f"night {self.deliveries}", source, name, file, sha, number + 1, number + 2,
                        columns[-1], "secret", "not a date", "fix it", "secret", loaded_at,
                    ],
                )  # fmt: skip
        return file

    def gate(
        self,
        run_id: str = "run",
        as_of: datetime = AS_OF,
        expectations: Path | None = None,
        declarations: Declarations = DECLARATIONS,
    ) -> list[Result]:
        """Run gate 1 as the nightly job does."""
        return run_gate_1(
            self.home,
            run_id,
            as_of=as_of,
            settings=Settings(),
            declarations=declarations,
            expectations=expectations or PROJECT_ROOT / "expectations",
        )


def failed(results: Sequence[Result], severity: str | None = None) -> dict[tuple[str, str], Result]:
    """The failed results by (subject, check)."""
    return {
        (one.subject, one.check_name): one
        for one in results
        if one.status == "failed" and severity in (None, one.severity)
    }
