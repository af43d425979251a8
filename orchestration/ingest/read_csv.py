"""CSV: the engine reads a clean file; a file with any irregular record is sifted first.

DuckDB's own reject table is not used: it drops records silently at an unclosed quote, gives up on
mixed line ends, and counts a record with line breaks as one line. So the engine reads strictly, and
an independent reader (Python's csv module, at C speed) counts. Where either objects, the records
are sifted one by one into well-formed and broken ones, each with its line and text.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest.declaration import Table
from orchestration.ingest.incoming import (
    ENGINE_BUFFERS,
    LONGEST_RECORD,
    FileRejected,
    Incoming,
    check_header,
    literal,
    shown,
    start_broken,
)
from orchestration.ingest.survey import Survey, open_bytes, survey

_DELIMITERS = (",", ";", "\t", "|")
_SURROGATE = re.compile("[\udc80-\udcff]")
_SEP_LINE = re.compile(r"sep=(.)[\r\n]*", re.IGNORECASE)
csv.field_size_limit(2 * LONGEST_RECORD)


@dataclass(frozen=True)
class Dialect:
    """How the file is written: `skip` lines come before the header on line `header_line`."""

    delimiter: str
    names: list[str]
    skip: int
    header_line: int
    # Spaces between a delimiter and an opening quote are not part of the value.
    skip_space: bool


@dataclass
class Record:
    """One physical record: its number (header excluded), first line, fields or what is wrong."""

    number: int
    line: int
    text: str
    row: list[str] | None = None
    reason: str = ""
    remedy: str = ""


class _TooLong(Exception):
    pass


class _Unclosed(Exception):
    pass


@dataclass
class _Lines:
    """Physical lines for the csv module, remembering those of the record that is being read."""

    stream: io.TextIOBase
    number: int = 0
    kept: list[str] = field(default_factory=list)
    size: int = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        text = self.stream.readline(LONGEST_RECORD + 1)
        if not text:
            raise StopIteration
        self.number += 1
        self.size += len(text)
        if len(text) > LONGEST_RECORD:
            self.kept.append(text[:1000])
            while text and text[-1] not in "\r\n":
                text = self.stream.readline(LONGEST_RECORD)
            raise _TooLong
        if self.size > LONGEST_RECORD:
            raise _Unclosed
        self.kept.append(text)
        return text

    def begin(self) -> int:
        """Forget the last record; return the line on which the next one begins."""
        self.kept.clear()
        self.size = 0
        return self.number + 1

    def text(self) -> str:
        """The text of the current record; bytes that are not UTF-8 become \\xNN."""
        whole = "".join(self.kept).rstrip("\r\n")
        return whole.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _open(found: Survey) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        open_bytes(found.path, found.gzipped),
        encoding="utf-8-sig",
        errors="surrogateescape",
        newline="",
    )


def read_csv(
    connection: duckdb.DuckDBPyConnection, link: Path, gzipped: bool, table: Table, workspace: Path
) -> Incoming:
    """Stage a CSV file. Raises FileRejected when it has no usable header or no end of records."""
    found = survey(link, gzipped, workspace)
    dialect = _dialect(found, table)
    try:
        check_header(dialect.names, line=dialect.header_line)
        missing_header(dialect.names, table, dialect.header_line)
    except FileRejected as rejected:
        rejected.records = _count(found, dialect, strict=False)
        raise
    start_broken(connection)
    records = _read_clean(connection, found, dialect)
    if records is None:
        records = _read_sifted(connection, found, dialect, workspace)

    def locate(on: duckdb.DuckDBPyConnection) -> None:
        _locate(on, found, dialect, workspace)

    return Incoming(dialect.names, records, locate, found.has_nul)


def missing_header(names: list[str], table: Table, line: int) -> None:
    """Refuse a first line that shares no name with the declaration: it is no header."""
    declared = {column.name.lower() for column in table.columns}
    if not declared & {name.lower() for name in names}:
        raise FileRejected(
            f"Line {line} is not the header of {table.name}: it reads "
            f"{shown(', '.join(names), 120)}.",
            "The first line must have the column names, such as "
            f"{', '.join(column.name for column in table.columns[:4])}; remove lines above it.",
            line=line,
        )


def _dialect(found: Survey, table: Table) -> Dialect:
    declared = {column.name.lower() for column in table.columns}
    with _open(found) as stream:
        lines = _Lines(stream)
        try:
            first = next(lines)
            while not first.strip("\r\n\t ,;|"):
                first = next(lines)
            separator = _SEP_LINE.fullmatch(first)
            if separator:
                first = next(lines)
        except StopIteration:
            raise FileRejected(
                "The file has no header line: it has only blank lines.",
                "Deliver a file whose first line has the column names.",
                records=0,
            ) from None
        except _TooLong:
            raise FileRejected(
                f"The header line is longer than {LONGEST_RECORD:,} characters.",
                "Check that this is a CSV file with one record per line.",
                records=max(found.lines - 1, 0),
                line=1,
            ) from None
        start = lines.number
        if _SURROGATE.search(first):
            raise FileRejected(
                f"The header line is not UTF-8 (perhaps Latin-1): it reads {shown(lines.text())}.",
                "Export the file again as UTF-8.",
                records=max(found.lines - 1, 0),
                line=start,
            )
        best: list[str] = []
        score = (-1, -1)
        chosen = ","
        rest = "".join(_peek(lines)) if first.count('"') % 2 else ""
        for delimiter in [separator.group(1)] if separator else _DELIMITERS:
            reader = csv.reader(io.StringIO(first + rest, newline=""), delimiter=delimiter)
            with contextlib.suppress(csv.Error):
                names = [name.strip() for name in next(reader)]
                fit = (sum(name.lower() in declared for name in names), len(names))
                if fit > score:
                    best, score, chosen = names, fit, delimiter
    return Dialect(chosen, best, start - 1, start, found.has_spaced_quotes)


def _peek(lines: _Lines) -> Iterator[str]:
    # A header name may contain line breaks; a hundred lines are more than enough for one.
    for _ in range(100):
        with contextlib.suppress(_TooLong, _Unclosed):
            line = next(lines, None)
            if line is None:
                return
            yield line


def _reader(lines: Any, dialect: Dialect, strict: bool) -> Iterator[list[str]]:
    for _ in range(dialect.skip):
        next(lines, None)
    return csv.reader(
        lines, delimiter=dialect.delimiter, strict=strict, skipinitialspace=dialect.skip_space
    )


def _count(found: Survey, dialect: Dialect, strict: bool) -> int:
    """Records by the csv module, blank lines and the header not counted.

    Where that cannot tell (quotes that never close), the number of lines below the header.
    """
    try:
        with _open(found) as stream:
            return max(sum(1 for row in _reader(stream, dialect, strict) if row) - 1, 0)
    except csv.Error:
        return -1 if strict else max(found.lines - dialect.skip - 1, 0)


def _read_clean(
    connection: duckdb.DuckDBPyConnection, found: Survey, dialect: Dialect
) -> int | None:
    """Read in the engine; None when any record is irregular, so that the file must be sifted."""
    if not found.is_utf8 or found.has_spaced_quotes or dialect.skip:
        return None
    columns = ", ".join(f"'c{i}': 'varchar'" for i in range(len(dialect.names)))
    try:
        connection.execute(
            f"""
            create or replace temp table incoming as
            select row_number() over () as row_number, *
            from read_csv(
                {literal(str(found.path))}, columns = {{{columns}}}, header = true,
                auto_detect = false, strict_mode = true, null_padding = false, parallel = false,
                delim = {literal(dialect.delimiter)}, quote = '"', escape = '"',
                compression = '{"gzip" if found.gzipped else "none"}',
                max_line_size = {LONGEST_RECORD}, buffer_size = {16 * LONGEST_RECORD}
            )
            """
        )
    except duckdb.Error:
        return None
    row = connection.execute("select count(*) from incoming").fetchone()
    counted = _count(found, dialect, strict=True)
    return counted if row is not None and row[0] == counted else None


def _records(found: Survey, dialect: Dialect) -> Iterator[Record]:
    """Every record of the file but the header, in order. Raises FileRejected at an open quote."""
    width = len(dialect.names)
    number = -1
    with _open(found) as stream:
        lines = _Lines(stream)
        reader = _reader(lines, dialect, strict=True)
        while True:
            line = lines.begin()
            record = Record(number + 1, line, "")
            try:
                row = next(reader)
            except StopIteration:
                return
            except _TooLong:
                record.reason = f"The record is longer than {LONGEST_RECORD:,} characters."
                record.remedy = "Shorten the long field in the source, or leave it out."
            except (_Unclosed, csv.Error) as error:
                if isinstance(error, _Unclosed) or "end of data" in str(error):
                    raise FileRejected(
                        f"A quote that opens in the record on line {line} is never closed, "
                        "so the records after it cannot be told apart.",
                        f'Close or double the quote (") on line {line}, and deliver again.',
                        records=number + max(found.lines - line + 1, 1),
                        line=line,
                        record=lines.text()[:1000],
                    ) from None
                record.reason = "The quotes of the record are wrong: text follows a closing quote."
                record.remedy = 'Double every quote inside a quoted value ("").'
            else:
                if not row:
                    continue
                if any(map(_SURROGATE.search, row)):
                    record.reason = "The record is not UTF-8 (perhaps Latin-1)."
                    record.remedy = "Export the file again as UTF-8."
                elif len(row) == width + 1 and not row[-1]:
                    record.row = row[:-1]
                elif len(row) != width:
                    record.reason = f"The record has {len(row)} fields; the header has {width}."
                    record.remedy = (
                        "Quote values that contain the delimiter or a line break; "
                        "remove lines that are no records, such as totals."
                    )
                else:
                    record.row = row
            number += 1
            if number == 0:
                continue
            record.text = lines.text()
            yield record


def _read_sifted(
    connection: duckdb.DuckDBPyConnection, found: Survey, dialect: Dialect, workspace: Path
) -> int:
    good_file, bad_file = workspace / "good.csv", workspace / "bad.csv"
    count = 0
    with (
        good_file.open("w", encoding="utf-8", newline="") as good_stream,
        bad_file.open("w", encoding="utf-8", newline="") as bad_stream,
    ):
        good = csv.writer(good_stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        bad = csv.writer(bad_stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for record in _records(found, dialect):
            count += 1
            if record.row is not None:
                good.writerow([record.number, *record.row])
            else:
                bad.writerow(
                    [record.number, record.line, record.reason, record.remedy, record.text]
                )
    columns = ", ".join(
        ["'row_number': 'bigint'", *(f"'c{i}': 'varchar'" for i in range(len(dialect.names)))]
    )
    connection.execute(
        f"create or replace temp table incoming as select * from {_own(good_file, columns)}"
    )
    columns = (
        "'row_number': 'bigint', 'line_number': 'bigint', 'reason': 'varchar', "
        "'remedy': 'varchar', 'record': 'varchar'"
    )
    connection.execute(f"insert into broken by name select * from {_own(bad_file, columns)}")
    return count


def _own(path: Path, columns: str) -> str:
    """A scan of a CSV file that this module wrote."""
    return (
        f"read_csv({literal(str(path))}, columns = {{{columns}}}, header = false, "
        "auto_detect = false, strict_mode = true, parallel = false, delim = ',', quote = '\"', "
        f"escape = '\"', new_line = '\\n', {ENGINE_BUFFERS})"
    )


def _locate(
    connection: duckdb.DuckDBPyConnection, found: Survey, dialect: Dialect, workspace: Path
) -> None:
    """Fill `located` with line and text of the records in `verdict`, reading the file once more."""
    target = workspace / "located.csv"
    connection.execute("select row_number from verdict order by row_number")
    wanted = _ascending(connection)
    with target.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        next_wanted = next(wanted, None)
        for record in _records(found, dialect):
            if next_wanted is None:
                break
            if record.number == next_wanted:
                out.writerow([record.number, record.line, record.text])
                next_wanted = next(wanted, None)
    columns = "'row_number': 'bigint', 'line_number': 'bigint', 'record': 'varchar'"
    connection.execute(
        f"create or replace temp table located as select * from {_own(target, columns)}"
    )


def _ascending(result: duckdb.DuckDBPyConnection) -> Iterator[int]:
    while batch := result.fetchmany(10_000):
        for (number,) in batch:
            yield number
