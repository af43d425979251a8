"""The verb `sql`: one query or a small prompt on a DuckDB file that is opened locked down."""

from __future__ import annotations

import contextlib
import csv
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

import duckdb

from orchestration.console import Printer, plain

Style = Literal["table", "csv", "json"]
TABLES = """
select
    schema_name as "schema",
    table_name as "table",
    estimated_size as "rows",
    coalesce(comment, '') as "holds"
from duckdb_tables()
where not internal and database_name = current_database()
order by 1, 2
"""
HELP = "Queries end with a semicolon; .tables lists tables, .columns TABLE its columns; .quit ends."


def open_locked(database: Path, spill: str) -> duckdb.DuckDBPyConnection:
    """Open a file read-only so that a query can neither write nor reach any other file."""
    # The order matters: access is closed first, and the spill folder is named before the lock.
    return duckdb.connect(
        str(database),
        read_only=True,
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "temp_directory": spill,
            "lock_configuration": "true",
        },
    )


def query(database: Path, text: str | None, style: Style, limit: int) -> None:
    """Run one query, the queries on standard input, or a prompt when a person is there."""
    with (
        tempfile.TemporaryDirectory(prefix="warehouse-sql-") as spill,
        open_locked(database, spill) as connection,
    ):
        if text is None and sys.stdin.isatty():
            _prompt(connection, database, limit)
            return
        for statement in connection.extract_statements(text or sys.stdin.read()):
            _print(connection.execute(statement), style, limit)


def _print(found: duckdb.DuckDBPyConnection, style: Style, limit: int) -> None:
    names = [each[0] for each in found.description or []]
    rows = found.fetchmany(limit + 1) if limit else found.fetchall()
    cut = bool(limit) and len(rows) > limit
    rows = rows[:limit] if limit else rows
    if style == "json":
        document = [dict(zip(names, row, strict=True)) for row in rows]
        sys.stdout.write(json.dumps(document, default=plain, ensure_ascii=False) + "\n")
    elif style == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    else:
        _table(names, rows)
    if cut:
        Printer().err.print(f"(the first {limit:,} rows; --limit 0 prints all)")


def _table(names: list[str], rows: list[tuple[Any, ...]]) -> None:
    numeric = [
        index
        for index in range(len(names))
        if rows and all(isinstance(row[index], int | float) for row in rows)
    ]
    Printer().table(
        names,
        [[("" if cell is None else str(cell), "") for cell in row] for row in rows],
        right=numeric,
    )


def _prompt(connection: duckdb.DuckDBPyConnection, database: Path, limit: int) -> None:
    printer = Printer()
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  (line editing and history for input())
    printer.line(f"{database} (read-only). {HELP}", style="dim")
    pending = ""
    while True:
        try:
            typed = input("sql> " if not pending else "...> ")
        except EOFError:
            printer.line()
            return
        except KeyboardInterrupt:
            printer.line()
            pending = ""
            continue
        command = typed.strip()
        if not pending and command in (".quit", ".exit", "quit", "exit"):
            return
        try:
            if not pending and command == ".tables":
                _print(connection.execute(TABLES), "table", 0)
            elif not pending and command.startswith(".columns"):
                name = command.removeprefix(".columns").strip()
                _print(
                    connection.execute(
                        "select column_name, data_type, coalesce(comment, '') as holds"
                        " from duckdb_columns() where table_name = ? or schema_name || '.' ||"
                        " table_name = ? order by column_index",
                        [name, name],
                    ),
                    "table",
                    0,
                )
            elif not pending and command.startswith("."):
                printer.line(HELP)
            else:
                pending = f"{pending}\n{typed}" if pending else typed
                if command.endswith(";"):
                    text, pending = pending, ""
                    _print(connection.execute(text), "table", limit)
        except duckdb.Error as error:
            pending = ""
            printer.error(str(error))
