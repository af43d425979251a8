"""Writes the exports described in `sql/<source>.sql`: one section per table, a few files each.

A section starts with `-- export: <table> | <format>` and is one select. Its column `_file` names
the file of a row (without ending), `_ord` orders the rows within it; the other columns are the
export's own. Formats:

- `csv`, `csv.gz`, `parquet`: plain.
- `salesforce`: CSV; every second file starts with a byte order mark, the others quote every field.
- `jsonl`: one object a line.
- `list`: API list pages with the records in `data`.
- `pages`: incremental export pages, the records under the table's name.

`| slices N` after the format: the select runs N times with the variable `slice` = 0..N-1, and each
run is one file; for tables too large to be kept twice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb

SOURCES = ("salesforce", "stripe", "zendesk", "contract")

ENDINGS = {
    "csv": "csv",
    "csv.gz": "csv.gz",
    "salesforce": "csv",
    "parquet": "parquet",
    "jsonl": "jsonl",
    "list": "json",
    "pages": "json",
}


class Export(NamedTuple):
    """One section of a source's file."""

    table: str
    format: str
    slices: int
    query: str


def read_exports(path: Path) -> Iterator[Export]:
    """The sections of `path`, in its order."""
    for section in path.read_text().split("-- export: ")[1:]:
        heading, _, query = section.partition("\n")
        table, kind, *options = [part.strip() for part in heading.split("|")]
        slices = int(options[0].removeprefix("slices ")) if options else 0
        yield Export(table, kind, slices, query.strip().rstrip(";"))


def write_source(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    landing: Path,
    source: str,
    progress: Callable[[str], None],
) -> dict[str, int]:
    """Write every export of `path` under `landing/source/<table>/`; return the records per file."""
    written: dict[str, int] = {}
    for export in read_exports(path):
        folder = landing / source / export.table
        folder.mkdir(parents=True, exist_ok=True)
        files = (
            _write_slices(connection, export, folder)
            if export.slices
            else _write_table(connection, export, folder)
        )
        written |= {f"{source}/{export.table}/{name}": records for name, records in files.items()}
        progress(f"{source}.{export.table}: {sum(files.values()):,} records in {len(files)} files")
    return written


def _write_slices(
    connection: duckdb.DuckDBPyConnection, export: Export, folder: Path
) -> dict[str, int]:
    files: dict[str, int] = {}
    for number in range(export.slices):
        connection.execute(f"set variable slice = {number}")
        connection.execute(f"create or replace temp table export as {export.query}")
        name = f"{export.table}_{number + 1:03d}"
        files |= _write_file(connection, export, folder, Part(name, number, True, "true"))
    connection.execute("drop table export")
    return files


def _write_table(
    connection: duckdb.DuckDBPyConnection, export: Export, folder: Path
) -> dict[str, int]:
    connection.execute(
        f"create or replace temp table export as from ({export.query}) order by _file, _ord"
    )
    # The table is sorted, so each file is a run of rows: found by their ids, nothing else is read.
    runs = connection.execute(
        "select _file, min(rowid), max(rowid) from export group by _file order by _file"
    ).fetchall()
    files: dict[str, int] = {}
    for number, (name, first, last) in enumerate(runs or [(export.table, 0, -1)]):
        rows = f"rowid between {first} and {last}"
        part = Part(name, number, number >= len(runs) - 1, rows)
        files |= _write_file(connection, export, folder, part)
    connection.execute("drop table export")
    return files


class Part(NamedTuple):
    """The rows of the temp table `export` that make one file."""

    name: str
    number: int
    is_last: bool
    rows: str


def _write_file(
    connection: duckdb.DuckDBPyConnection, export: Export, folder: Path, part: Part
) -> dict[str, int]:
    columns = [
        row[0]
        for row in connection.execute("select column_name from (describe export)").fetchall()
        if row[0] not in ("_file", "_ord")
    ]
    options = "format csv, header"
    quoted = [_name(column) for column in columns]
    if export.format == "salesforce":
        if part.number % 2:
            options += ", force_quote *"
        else:
            quoted[0] += " as " + _name("\ufeff" + columns[0])
    query = f"select {', '.join(quoted)} from export where {part.rows}"
    if export.format == "parquet":
        options = "format parquet, compression zstd"
    elif export.format == "csv.gz":
        options += ", compression gzip"
    elif export.format == "jsonl":
        options = "format json"
    elif export.format in ("list", "pages"):
        record = (
            "struct_pack("
            + ", ".join(f"{_name(column)} := {_name(column)}" for column in columns)
            + ")"
        )
        records = f"coalesce(list({record} order by _ord), [])"
        more = "false" if part.is_last else "true"
        if export.format == "list":
            url = text_literal(f"/v1/{export.table}")
            envelope = f"'list' as object, {url} as url, {more} as has_more, {records} as data"
        else:
            done = "true" if part.is_last else "false"
            envelope = (
                f"{records} as {_name(export.table)}, count(*) as count, {done} as end_of_stream, "
                "cast(epoch(t1()) as bigint) as end_time"
            )
        query = f"select {envelope} from export where {part.rows}"
        options = "format json"
    file = folder / f"{part.name}.{ENDINGS[export.format]}"
    unfinished = file.with_name(file.name + ".part")
    connection.execute(f"copy ({query}) to {text_literal(str(unfinished))} ({options})")
    os.replace(unfinished, file)
    counted = connection.execute(f"select count(*) from export where {part.rows}").fetchone()
    return {file.name: counted[0] if counted else 0}


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def text_literal(value: str) -> str:
    """`value` as an SQL string."""
    return "'" + value.replace("'", "''") + "'"
