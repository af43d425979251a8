"""What a reader hands to loading: the records of one file in temporary tables, and how many."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

# Longest record that is loaded, in characters; longer ones are rejected with their line number.
LONGEST_RECORD = 4_000_000
# read_csv must hold any such record: four bytes a character, and every quote doubled.
ENGINE_BUFFERS = "max_line_size = 40000000, buffer_size = 80000000"

_AROUND = " \t\r\n\v\f\ufeff\u200b\u200c\u200d\u2060"

BROKEN_COLUMNS = (
    "row_number bigint, line_number bigint, column_name varchar, value varchar, "
    "reason varchar, remedy varchar, record varchar, record_bytes blob"
)


class IngestError(RuntimeError):
    """A fault of the run, not of a file: the message says what and what to do."""


class FileRejected(Exception):
    """A file that cannot be loaded at all. It stays in landing; nothing of it is in raw.

    `records` is as many as can be told; None where that is not known yet. `broken_off`: the
    packed file ends, or is damaged, before its end.
    """

    def __init__(
        self,
        reason: str,
        remedy: str,
        records: int | None = None,
        line: int | None = None,
        record: str | None = None,
        broken_off: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.records = records
        self.line = line
        self.record = record
        self.broken_off = broken_off


@dataclass
class Incoming:
    """The records of one file, staged in two temporary tables.

    `incoming(row_number bigint, c0 varchar, c1 varchar, ...)`: the well-formed records, `c0` being
    the value under `header[0]`; empty values are NULL.
    `broken(row_number, line_number, column_name, value, reason, remedy, record, record_bytes)`: the
    others; `record_bytes` where the record is not UTF-8, so that its text is not all of it.
    `records` was counted by another reader than the one that filled them.
    `locate` fills `located(row_number, line_number, record, record_bytes)` for the row numbers in
    the table `verdict`: where a record begins in the file, and its text.
    """

    header: list[str]
    records: int
    locate: Callable[[duckdb.DuckDBPyConnection], None]
    has_nul: bool = False
    notes: list[str] = field(default_factory=list)


def shown(text: str | None, longest: int = 80) -> str:
    """`text` as it may stand in a message: printable, on one line, not endless."""
    if text is None:
        return "nothing"
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(
        one if one.isprintable() else json.dumps(one)[1:-1]
        for one in json.dumps(short, ensure_ascii=False)
    )


def clean_name(name: str) -> str:
    """A column's name as it was meant: no spaces, byte order marks or zero-width marks around it.

    A byte order mark that was read as Latin-1 is three letters; hard spaces become plain ones.
    """
    return name.replace("\u00a0", " ").removeprefix("\u00ef\u00bb\u00bf").strip(_AROUND)


def start_broken(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `broken` anew, empty."""
    connection.execute(f"create or replace temp table broken ({BROKEN_COLUMNS})")


def check_header(names: Iterable[str], line: int | None = None) -> None:
    """Refuse names that cannot be columns: empty, written twice, or with a NUL character."""
    seen: dict[str, int] = {}
    where = "The header line" if line is not None else "The file"
    for position, name in enumerate(names, start=1):
        if not name:
            raise FileRejected(
                f"{where} has no name for column {position}.",
                "Give every column a name, or take the empty column out, and deliver again.",
                line=line,
            )
        if "\0" in name:
            raise FileRejected(
                f"{where} has a NUL character in the name of column {position}.",
                "Export the file again as UTF-8 text.",
                line=line,
            )
        if name.lower() in seen:
            first = seen[name.lower()]
            raise FileRejected(
                f"{where} has the column {shown(name)} twice, at {first} and {position}.",
                "Keep one of the two, or rename one, and deliver again.",
                line=line,
            )
        seen[name.lower()] = position
    if len(seen) > 2000:
        raise FileRejected(
            f"{where} has {len(seen):,} columns; at most 2,000 are loaded.",
            "Check that names are not values: one record per row, one field per column.",
            line=line,
        )


def sha256_of(path: Path) -> str:
    """SHA-256 of the bytes of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
