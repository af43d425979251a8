"""JSON: arrays, list pages and lines of objects, taken apart in the engine.

The engine rewrites numbers when it extracts them (1.10 becomes 1.1, long decimals lose digits). So
numbers with a point or an exponent are first wrapped into marked strings and unwrapped at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest.declaration import Table
from orchestration.ingest.incoming import (
    FileRejected,
    Incoming,
    check_header,
    literal,
    shown,
    start_broken,
)
from orchestration.ingest.survey import Survey, chunks, survey

# A list page is held in memory whole; a plain array or lines of objects may have any size.
_LARGEST_PAGE = 64 << 20
_LARGEST_OBJECT = 64 << 20
_BATCH = 8 << 20
# Outside strings only numbers have digits, so the alternation finds every number and no other text.
_STRING_OR_NUMBER = r'("(?:[^"\\]|\\.)*")|(-?[0-9][0-9.eE+-]*)'
_HAS_DECIMAL = r"(^|[:,\[])\s*-?[0-9]+[.eE]"
_OPEN, _CLOSE = "\x01", "\x02"


def read_json(
    connection: duckdb.DuckDBPyConnection, link: Path, suffix: str, table: Table, workspace: Path
) -> Incoming:
    """Stage a JSON file. Raises FileRejected when it is broken off, or no list of records."""
    found = survey(link, False, workspace, find_markers=True)
    start_broken(connection)
    connection.execute(
        "create or replace temp table documents "
        "(row_number bigint, line_number bigint, document varchar)"
    )
    first = _first_character(found)
    if first == "[":
        records = _array(connection, found)
    elif suffix == ".json":
        records = _page(connection, found, table)
    else:
        records = _lines(connection, found)
    _set_aside_malformed(connection)
    try:
        header = _spread(connection, found)
    except FileRejected as rejected:
        rejected.records = records
        raise

    def locate(on: duckdb.DuckDBPyConnection) -> None:
        on.execute(
            "create or replace temp table located as "
            "select row_number, line_number, document as record "
            "from documents semi join verdict using (row_number)"
        )

    return Incoming(header, records, locate, found.has_nul)


def _first_character(found: Survey) -> str:
    for chunk in chunks(found.path, False):
        text = chunk.removeprefix(b"\xef\xbb\xbf").lstrip()
        if text:
            return chr(text[0])
    raise FileRejected(
        "The file has only white space.",
        "If there was nothing to export, deliver [].",
        records=0,
    )


def _not_utf8(records: int) -> FileRejected:
    return FileRejected(
        "The file is not UTF-8 (perhaps Latin-1).", "Export the file again as UTF-8.", records
    )


def _loads(text: str) -> Any:
    """Parse strictly, numbers as text. Raises FileRejected with line and column."""
    try:
        return json.loads(text, parse_float=str, parse_int=str)
    except json.JSONDecodeError as error:
        raise FileRejected(
            f"The file is not valid JSON, or is broken off: {error.msg} at line {error.lineno}, "
            f"column {error.colno}.",
            "Export or transfer the file again, completely.",
            records=0,
            line=error.lineno,
        ) from error
    except RecursionError as error:
        raise FileRejected(
            "The JSON is nested too deeply.", "Export a flat list of records.", records=0
        ) from error


def _array(connection: duckdb.DuckDBPyConnection, found: Survey) -> int:
    if not found.is_utf8:
        raise _not_utf8(found.lines)
    if found.bytes <= _LARGEST_PAGE:
        records = len(_loads(found.path.read_text(encoding="utf-8-sig")))
    else:
        records = _count_elements(found)
    try:
        connection.execute(
            f"""
            insert into documents
            select row_number() over (), null, json
            from read_json_objects(
                {literal(str(found.path))}, format = 'array', compression = 'uncompressed',
                maximum_object_size = {_LARGEST_OBJECT}
            )
            """
        )
    except duckdb.Error as error:
        raise _engine_refused(error, records) from error
    return records


def _engine_refused(error: duckdb.Error, records: int) -> FileRejected:
    message = str(error).split("\n")[0]
    message = re.sub(r' in file "[^"]*"', "", message)
    return FileRejected(
        f"The file is not valid JSON, or is broken off: {message}",
        "Export or transfer the file again, completely.",
        records,
    )


def _page(connection: duckdb.DuckDBPyConnection, found: Survey, table: Table) -> int:
    """One object: a list page, or a single record; or lines of objects under the name .json."""
    lines_or_large = found.bytes > _LARGEST_PAGE
    if not lines_or_large:
        if not found.is_utf8:
            raise _not_utf8(1)
        text = found.path.read_text(encoding="utf-8-sig")
        try:
            page = _loads(text)
        except FileRejected:
            if not _looks_like_lines(text):
                raise
            lines_or_large = True
    if lines_or_large:
        if not _looks_like_lines(next(chunks(found.path, False)).decode("utf-8", "replace")):
            raise FileRejected(
                f"A JSON page of {found.bytes:,} bytes is larger than {_LARGEST_PAGE:,}.",
                "Export smaller pages, a plain array, or one object per line (.jsonl).",
                records=0,
            )
        return _lines(connection, found)
    if not isinstance(page, dict):
        raise FileRejected(
            f"The file is {shown(text.strip())}, not a list of records.",
            "Deliver an array of objects, a list page, or one object per line (.jsonl).",
            records=0,
        )
    key = table.records or ("data" if isinstance(page.get("data"), list) else None)
    if key is None:
        declared = {column.name.lower() for column in table.columns}
        if not declared & {name.strip().lower() for name in page}:
            raise FileRejected(
                "The object has no array of records under the key "
                f'"data"; its keys are {", ".join(shown(k, 40) for k in list(page)[:10])}.',
                f"Deliver list pages, or declare `records: <key>` for {table.name} "
                f"in {table.path}.",
                records=0,
            )
        connection.execute("insert into documents values (1, 1, $document)", {"document": text})
        return 1
    if not isinstance(page.get(key), list):
        raise FileRejected(
            f"The page has no array under the key {shown(key)}; its keys are "
            f"{', '.join(shown(k, 40) for k in list(page)[:10])}.",
            "Look whether the API answered with an error instead of a page; fetch it again.",
            records=0,
        )
    # Wrapping first keeps the numbers; unwrapping restores the text of each record.
    wrapped = _wrapped("$text", found)
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    try:
        connection.execute(
            f"""
            insert into documents
            select
                generate_subscripts(elements, 1),
                null,
                {_unwrapped("cast(unnest(elements) as varchar)", found)}
            from (
                select cast(json_extract({wrapped}, $pointer) as json[]) as elements
            )
            """,
            {"text": text, "pointer": pointer},
        )
    except duckdb.Error as error:
        raise _engine_refused(error, len(page[key])) from error
    return len(page[key])


def _looks_like_lines(text: str) -> bool:
    """Whether the first line is an object on its own and more lines follow."""
    lines = text.lstrip("\ufeff").lstrip().split("\n", 2)
    if len(lines) < 2:
        return False
    try:
        return isinstance(json.loads(lines[0]), dict)
    except (ValueError, RecursionError):
        return False


def _lines(connection: duckdb.DuckDBPyConnection, found: Survey) -> int:
    """Lines of objects, in batches of whole lines: split and numbered in the engine."""
    line, number = 0, 0
    for batch in _whole_lines(found):
        text = batch.decode("utf-8", "backslashreplace")
        count = text.count("\n") + 1
        row = connection.execute(
            """
            insert into documents
            select $number + row_number() over (order by line_number), line_number, document
            from (
                select
                    $line + generate_subscripts(lines, 1) as line_number,
                    unnest(lines) as document
                from (select string_split($text, chr(10)) as lines)
            )
            where trim(document, ' ' || chr(9) || chr(13)) <> ''
            """,
            {"number": number, "line": line, "text": text},
        ).fetchone()
        line += count
        number += int(row[0]) if row else 0
    connection.execute(
        "update documents set document = rtrim(document, chr(13)) "
        "where ends_with(document, chr(13))"
    )
    return _count_lines(found)


def _whole_lines(found: Survey) -> Iterator[bytes]:
    """The file in pieces that end where a line ends, without that last line break."""
    pending = bytearray()
    first = True
    for chunk in chunks(found.path, False):
        if first:
            chunk, first = chunk.removeprefix(b"\xef\xbb\xbf"), False
        pending += chunk
        if len(pending) >= _BATCH:
            end = pending.rfind(b"\n")
            if end >= 0:
                yield bytes(pending[:end])
                del pending[: end + 1]
            elif len(pending) > _LARGEST_OBJECT:
                raise FileRejected(
                    f"A line is longer than {_LARGEST_OBJECT:,} bytes.",
                    "Deliver one record per line; leave out fields of that size.",
                    records=found.lines,
                )
    if pending:
        yield bytes(pending)


def _count_lines(found: Survey) -> int:
    """Lines that are not blank, counted from the bytes."""
    count, open_line = 0, False
    for index, chunk in enumerate(chunks(found.path, False)):
        data = chunk.removeprefix(b"\xef\xbb\xbf") if index == 0 else chunk
        *whole, rest = data.split(b"\n")
        for part in whole:
            count += open_line or bool(part.strip(b" \t\r"))
            open_line = False
        open_line = open_line or bool(rest.strip(b" \t\r"))
    return count + open_line


def _count_elements(found: Survey) -> int:
    """Elements of a large array, from its bytes: strings taken out, then brackets and commas."""
    depth, commas, something = 0, 0, False
    pending = b""
    for chunk in chunks(found.path, False):
        text = re.sub(rb'"(?:[^"\\]|\\.)*"', b"s", pending + chunk, flags=re.DOTALL)
        opened = text.find(b'"')
        pending, text = (text[opened:], text[:opened]) if opened >= 0 else (b"", text)
        if len(pending) > _LARGEST_OBJECT:
            break
        for token in re.findall(rb"[\[\]{},]|[^\[\]{},\s]+", text):
            if token in (b"[", b"{"):
                something = something or depth == 1
                depth += 1
            elif token in (b"]", b"}"):
                depth -= 1
            elif token == b",":
                commas += depth == 1
            else:
                something = something or depth == 1
    if depth or pending:
        raise FileRejected(
            "The file is not valid JSON, or is broken off: the array does not end.",
            "Export or transfer the file again, completely.",
            records=commas + something,
        )
    return commas + something


def _wrapped(expression: str, found: Survey) -> str:
    """SQL: numbers with a point or an exponent are strings between two markers."""
    if found.marker is None:
        return expression
    mark = literal(found.marker)
    return (
        f"case when regexp_matches({expression}, {literal(_HAS_DECIMAL)}) then "
        f"replace(replace(replace(regexp_replace({expression}, {literal(_STRING_OR_NUMBER)}, "
        f"'\\1' || chr(1) || '\\2' || chr(2), 'g'), chr(1) || chr(2), ''), "
        f"chr(1), '\"' || {mark}), chr(2), {mark} || '\"') else {expression} end"
    )


def _unwrapped(expression: str, found: Survey) -> str:
    """SQL: the opposite of _wrapped, in a document or an extracted value."""
    if found.marker is None:
        return expression
    mark = literal(found.marker)
    opened = f"replace({expression}, '\"' || {mark}, '')"
    return f"replace(replace({opened}, {mark} || '\"', ''), {mark}, '')"


def _set_aside_malformed(connection: duckdb.DuckDBPyConnection) -> None:
    """Move documents that are no JSON object, or have a key twice, from `documents` to `broken`."""
    connection.execute(
        """
        insert into broken by name
        with

        judged as (
            select
                row_number,
                line_number,
                document,
                case
                    when not json_valid(document) then 'invalid'
                    when json_type(document) <> 'OBJECT' then 'no object'
                    when len(list_distinct(json_keys(document))) <> len(json_keys(document))
                        then 'key twice'
                end as fault
            from documents
        )

        select
            row_number,
            line_number,
            case fault
                when 'invalid' then 'The record is not valid JSON, or not UTF-8.'
                when 'no object' then 'The record is not a JSON object.'
                else 'The record has a key twice.'
            end as reason,
            'Export the record again, as one JSON object.' as remedy,
            document as record
        from judged
        where fault is not null
        """
    )
    connection.execute("delete from documents where row_number in (select row_number from broken)")


def _spread(connection: duckdb.DuckDBPyConnection, found: Survey) -> list[str]:
    """Make `incoming` from `documents`, one column per key, and return the keys."""
    keys = [
        row[0]
        for row in connection.execute(
            """
            select key
            from (
                select unnest(json_keys(document)) as key, row_number
                from documents
            )
            group by key
            order by min(row_number), key
            """
        ).fetchall()
    ]
    header = [key.strip() for key in keys]
    check_header(header)
    pointers = ["/" + key.replace("~", "~0").replace("/", "~1") for key in keys]
    paths = ", ".join(literal(pointer) for pointer in pointers) or "''"
    columns = ", ".join(
        f"nullif({_unwrapped(f'fields[{i + 1}]', found)}, '') as c{i}" for i in range(len(keys))
    )
    connection.execute(
        f"""
        create or replace temp table incoming as
        select row_number{", " if columns else ""}{columns}
        from (
            select
                row_number,
                json_extract_string({_wrapped("document", found)}, [{paths}]) as fields
            from documents
        )
        """
    )
    return header
