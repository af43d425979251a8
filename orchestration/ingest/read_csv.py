"""CSV: the engine reads a clean file; a file with any irregular record is sifted first.

DuckDB's own reject table is not used: it drops records silently at an unclosed quote, gives up on
mixed line ends, and counts a record with line breaks as one line. So the engine reads strictly, and
an independent reader (Python's csv module, at C speed) counts. Where either objects, the records
are sifted one by one into well-formed and broken ones, each with its line and text; then the
independent count is that of a third reader, which follows nothing but quotes and line ends.
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
    clean_name,
    shown,
    start_broken,
)
from orchestration.ingest.survey import Survey, open_bytes, survey
from orchestration.sql_text import literal

_DELIMITERS = (",", ";", "\t", "|")
# How far down a header is looked for, to say where it is; it must be the first line.
_PREAMBLE = 20
_SURROGATE = re.compile("[\udc80-\udcff]")
_LINE_END = re.compile(r"\r\n|\r|\n")
# What may stand between two quotes; a doubled quote is a quote.
_QUOTED = re.compile(r'(?:[^"]|"")*+')
_SEP_LINE = re.compile(r"sep=(.)[\r\n]*", re.IGNORECASE)
csv.field_size_limit(2 * LONGEST_RECORD)


@dataclass(frozen=True)
class Dialect:
    """How the file is written: `skip` lines come before the header on line `header_line`.

    `padding` is the number of empty names at the end of the header, left by trailing delimiters.
    """

    delimiter: str
    names: list[str]
    skip: int
    header_line: int
    # Spaces between a delimiter and an opening quote are not part of the value.
    skip_space: bool
    padding: int = 0


@dataclass
class Record:
    """One physical record: its number (header excluded), first line, fields or what is wrong."""

    number: int
    line: int
    text: str
    row: list[str] | None = None
    reason: str = ""
    remedy: str = ""
    # The bytes in hexadecimal, where the text does not say them.
    hexadecimal: str = ""


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

    def raw(self) -> str:
        """The current record as it was read, bytes that are not UTF-8 as surrogates."""
        return "".join(self.kept).rstrip("\r\n")

    def text(self) -> str:
        """The text of the current record; bytes that are not UTF-8 become \\xNN."""
        return _bytes(self.raw()).decode("utf-8", "backslashreplace")


def _bytes(raw: str) -> bytes:
    return raw.encode("utf-8", "surrogateescape")


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
    start_broken(connection)
    try:
        missing_header(dialect, found, table)
        check_header(dialect.names, line=dialect.header_line)
        records = _read_clean(connection, found, dialect)
        if records is None:
            records = _read_sifted(connection, found, dialect, workspace)
    except FileRejected as rejected:
        if rejected.records is None:
            rejected.records = _count_lines(found, dialect)
        raise

    def locate(on: duckdb.DuckDBPyConnection) -> None:
        _locate(on, found, dialect, workspace)

    return Incoming(dialect.names, records, locate, found.has_nul)


def missing_header(dialect: Dialect, found: Survey, table: Table) -> None:
    """Refuse a first line that shares no name with the declaration: it is no header."""
    declared = {column.name.lower() for column in table.columns}
    if declared & {name.lower() for name in dialect.names}:
        return
    line = dialect.header_line
    reason = f"Line {line} is not the header of {table.name}: it reads "
    reason += f"{shown(', '.join(dialect.names), 120)}."
    later = _later_header(found, dialect, declared)
    if later is not None:
        raise FileRejected(
            f"{reason} Line {later.header_line} looks like the header.",
            f"Remove the lines above line {later.header_line}, and deliver again.",
            _count_lines(found, later),
            line,
        )
    if dialect.names[0].startswith(("[", "{")):
        remedy = "This looks like JSON: name it .json (.jsonl with a record per line)."
    else:
        remedy = "The first line must have the column names, such as "
        remedy += f"{', '.join(column.name for column in table.columns[:4])}; deliver again."
    raise FileRejected(reason, remedy, line=line)


def _later_header(found: Survey, dialect: Dialect, declared: set[str]) -> Dialect | None:
    """The header, where a title or another header line was put above it."""
    with _open(found) as stream:
        lines = _Lines(stream)
        for _ in range(dialect.header_line + _PREAMBLE):
            with contextlib.suppress(_TooLong, _Unclosed, csv.Error):
                text = next(lines, None)
                if text is None:
                    return None
                if lines.number <= dialect.header_line:
                    continue
                for delimiter in _DELIMITERS:
                    for row in csv.reader([text], delimiter=delimiter):
                        names = [clean_name(name) for name in row]
                        if sum(name.lower() in declared for name in names) >= min(2, len(declared)):
                            line = lines.number
                            return Dialect(delimiter, names, line - 1, line, dialect.skip_space)
    return None


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
                line=lines.number,
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
                names = [clean_name(name) for name in next(reader)]
                fit = (sum(name.lower() in declared for name in names), len(names))
                if fit > score:
                    best, score, chosen = names, fit, delimiter
    named = len(best)
    while named > 1 and not best[named - 1]:
        named -= 1
    return Dialect(
        chosen, best[:named], start - 1, start, found.has_spaced_quotes, len(best) - named
    )


def _peek(lines: _Lines) -> Iterator[str]:
    # A header name may contain line breaks; a hundred lines are more than enough for one.
    for _ in range(100):
        with contextlib.suppress(_TooLong, _Unclosed):
            line = next(lines, None)
            if line is None:
                return
            yield line


def _reader(lines: Any, dialect: Dialect, strict: bool) -> Any:
    for _ in range(dialect.skip):
        next(lines, None)
    return csv.reader(
        lines, delimiter=dialect.delimiter, strict=strict, skipinitialspace=dialect.skip_space
    )


def _count(found: Survey, dialect: Dialect) -> int | None:
    """Records by the csv module, blank lines and the header not counted; None if any is irregular.

    Raises FileRejected when a quote has swallowed records.
    """
    count = 0
    try:
        with _open(found) as stream:
            reader = _reader(stream, dialect, strict=True)
            before = 0
            for row in reader:
                count += bool(row)
                after = reader.line_num
                if after - before > 2 and _swallowed(row, dialect):
                    raise _swallowing(found, dialect.skip + before + 1, max(count - 2, 0))
                before = after
    except csv.Error:
        return None
    return max(count - 1, 0)


def _swallowed(row: list[str], dialect: Dialect) -> bool:
    """Whether lines inside a quoted value look like records: a quote was not closed in its place.

    A text of several lines has the delimiters of a record in every line by chance only.
    """
    width = len(dialect.names) + dialect.padding
    if width < 2:
        return False
    enough = {2: 20, 3: 2, 4: 2}.get(width, 1)
    for value in row:
        inner = [line for line in _LINE_END.split(value)[1:-1] if line]
        if len(inner) >= enough and all(
            line.count(dialect.delimiter) == width - 1 for line in inner
        ):
            return True
    return False


def _swallowing(found: Survey, line: int, before: int) -> FileRejected:
    """A file in which the quote of a record on `line`, after `before` records, ends too late."""
    return FileRejected(
        f"A quote that opens in the record on line {line} closes many lines later, and the lines "
        "between look like records of their own.",
        f'Close or double the quote (") on line {line}, and deliver again.',
        records=before + max(found.lines - line + 1, 1),
        line=line,
    )


def _count_lines(found: Survey, dialect: Dialect) -> int:
    """Records by quotes and line ends alone, in bounded memory; blank lines are no records.

    A quote that is never closed is one record to the end of the file.
    """
    delimiter = dialect.delimiter
    opening = re.compile(' *"' if dialect.skip_space else '"')
    count, inside = 0, False
    with _open(found) as stream:
        for _ in range(dialect.skip):
            stream.readline()
        while text := stream.readline(LONGEST_RECORD + 1):
            if not inside:
                count += bool(text.strip("\r\n"))
            if len(text) > LONGEST_RECORD:
                while text and text[-1] not in "\r\n":
                    text = stream.readline(LONGEST_RECORD)
                inside = False
            elif '"' in text:
                inside = _ends_inside(text, inside, delimiter, opening)
    return max(count - 1, 0)


def _ends_inside(text: str, inside: bool, delimiter: str, opening: re.Pattern[str]) -> bool:
    """Whether a line ends within quotes, given whether it began so."""
    at = 0
    while True:
        if not inside:
            found = opening.match(text, at)
            if found is not None:
                at, inside = found.end(), True
        if inside:
            at = _QUOTED.match(text, at).end()  # type: ignore[union-attr]
            if at >= len(text):
                return True
            inside = False
        at = text.find(delimiter, at)
        if at < 0:
            return False
        at += 1


def _read_clean(
    connection: duckdb.DuckDBPyConnection, found: Survey, dialect: Dialect
) -> int | None:
    """Read in the engine; None when any record is irregular, so that the file must be sifted."""
    if not found.is_utf8 or found.has_spaced_quotes or dialect.skip or dialect.padding:
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
    counted = _count(found, dialect)
    return counted if row is not None and row[0] == counted else None


def _records(found: Survey, dialect: Dialect) -> Iterator[Record]:
    """Every record of the file but the header, in order. Raises FileRejected at an open quote."""
    width = len(dialect.names)
    number = -1
    with _open(found) as stream:
        lines = _Lines(stream)
        # Not strictly: a wrong quote must not end the record before its line does.
        reader = _reader(lines, dialect, strict=False)
        while True:
            line = lines.begin()
            record = Record(number + 1, line, "")
            fault = ""
            row: list[str] = []
            try:
                row = next(reader)
            except StopIteration:
                return
            except _TooLong:
                record.reason = f"The record is longer than {LONGEST_RECORD:,} characters."
                record.remedy = "Shorten the long field in the source, or leave it out."
            except _Unclosed:
                fault = "unexpected end of data"
            else:
                if not row:
                    continue
                fault = _wrong_quotes(lines.raw(), dialect)
            if lines.number > line + 1 and _swallowed(row, dialect):
                raise _swallowing(found, line, max(number, 0))
            if "end of data" in fault:
                raise FileRejected(
                    f"A quote that opens in the record on line {line} is never closed, "
                    "so the records after it cannot be told apart.",
                    f'Close or double the quote (") on line {line}, and deliver again.',
                    records=max(number, 0) + max(found.lines - line + 1, 1),
                    line=line,
                    record=lines.text()[:1000],
                )
            if record.reason:
                pass
            elif fault:
                record.reason = "The quotes of the record are wrong: text follows a closing quote."
                record.remedy = 'Double every quote inside a quoted value ("").'
            elif any(map(_SURROGATE.search, row)):
                record.reason = "The record is not UTF-8 (perhaps Latin-1)."
                record.remedy = "Export the file again as UTF-8."
            elif width <= len(row) <= width + max(dialect.padding, 1) and not any(row[width:]):
                record.row = row[:width]
            else:
                record.reason = f"The record has {len(row)} fields; the header has {width}."
                record.remedy = (
                    "Quote values that contain the delimiter or a line break; "
                    "remove lines that are no records, such as totals."
                )
            number += 1
            if number == 0:
                continue
            record.text = lines.text()
            if _SURROGATE.search(raw := lines.raw()):
                record.hexadecimal = _bytes(raw).hex()
            yield record


def _wrong_quotes(raw: str, dialect: Dialect) -> str:
    """What the strict reader has against the quotes of one record; nothing if it is in order."""
    if '"' not in raw:
        return ""
    try:
        for _ in csv.reader(
            io.StringIO(raw, newline=""),
            delimiter=dialect.delimiter,
            strict=True,
            skipinitialspace=dialect.skip_space,
        ):
            pass
    except csv.Error as error:
        return str(error)
    return ""


def _read_sifted(
    connection: duckdb.DuckDBPyConnection, found: Survey, dialect: Dialect, workspace: Path
) -> int:
    good_file, bad_file = workspace / "good.csv", workspace / "bad.csv"
    with (
        good_file.open("w", encoding="utf-8", newline="") as good_stream,
        bad_file.open("w", encoding="utf-8", newline="") as bad_stream,
    ):
        good = csv.writer(good_stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        bad = csv.writer(bad_stream, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for record in _records(found, dialect):
            if record.row is not None:
                good.writerow([record.number, *record.row])
            else:
                bad.writerow(
                    [
                        record.number,
                        record.line,
                        record.reason,
                        record.remedy,
                        record.text,
                        record.hexadecimal,
                    ]
                )
    columns = ", ".join(
        ["'row_number': 'bigint'", *(f"'c{i}': 'varchar'" for i in range(len(dialect.names)))]
    )
    connection.execute(
        f"create or replace temp table incoming as select * from {_own(good_file, columns)}"
    )
    columns = (
        "'row_number': 'bigint', 'line_number': 'bigint', 'reason': 'varchar', "
        "'remedy': 'varchar', 'record': 'varchar', 'hexadecimal': 'varchar'"
    )
    connection.execute(
        "insert into broken by name "
        "select * exclude (hexadecimal), from_hex(nullif(hexadecimal, '')) as record_bytes "
        f"from {_own(bad_file, columns)}"
    )
    return _count_lines(found, dialect)


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
                out.writerow([record.number, record.line, record.text, record.hexadecimal])
                next_wanted = next(wanted, None)
    columns = (
        "'row_number': 'bigint', 'line_number': 'bigint', 'record': 'varchar', "
        "'hexadecimal': 'varchar'"
    )
    connection.execute(
        "create or replace temp table located as "
        "select * exclude (hexadecimal), from_hex(nullif(hexadecimal, '')) as record_bytes "
        f"from {_own(target, columns)}"
    )


def _ascending(result: duckdb.DuckDBPyConnection) -> Iterator[int]:
    while batch := result.fetchmany(10_000):
        for (number,) in batch:
            yield number
