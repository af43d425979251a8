"""JSON: arrays, lines of objects, list pages and objects one after another, read in the engine.

The engine rewrites numbers when it extracts them (1.10 becomes 1.1, long decimals lose digits). So
numbers with a point or an exponent are first wrapped into marked strings and unwrapped at the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest.declaration import Table
from orchestration.ingest.incoming import (
    FileRejected,
    Incoming,
    check_header,
    clean_name,
    shown,
    start_broken,
)
from orchestration.ingest.survey import Survey, chunks, survey
from orchestration.sql_text import literal

# A list page is held in memory whole; a plain array or lines of objects may have any size.
_LARGEST_PAGE = 64 << 20
_LARGEST_OBJECT = 64 << 20
_BATCH = 8 << 20
# Outside strings only numbers have digits, so the alternation finds every number and no other text.
_STRING_OR_NUMBER = r'("(?:[^"\\]|\\.)*")|(-?[0-9][0-9.eE+-]*)'
_HAS_DECIMAL = r"(^|[:,\[])\s*-?[0-9]+[.eE]"
_OPEN, _CLOSE = "\x01", "\x02"


def read_json(
    connection: duckdb.DuckDBPyConnection, link: Path, gzipped: bool, table: Table, workspace: Path
) -> Incoming:
    """Stage a JSON file. Raises FileRejected when it is broken off, or no list of records."""
    found = survey(link, gzipped, workspace, find_markers=True)
    if found.gzipped:
        found = replace(found, path=_unpacked(found, workspace), gzipped=False)
    start_broken(connection)
    connection.execute(
        "create or replace temp table documents "
        "(row_number bigint, line_number bigint, document varchar)"
    )
    first = _first_character(found)
    values = None if first == "[" and found.bytes > _LARGEST_PAGE else _values(found, link, table)
    if values is not None:
        records = _whole(connection, found, table, values)
    elif first == "[":
        records = _array(connection, found)
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
            "select row_number, line_number, document as record, "
            "cast(null as blob) as record_bytes "
            "from documents semi join verdict using (row_number)"
        )

    return Incoming(header, records, locate, found.has_nul)


def _unpacked(found: Survey, workspace: Path) -> Path:
    target = workspace / "unpacked.json"
    with target.open("wb") as out:
        out.writelines(chunks(found.path, True))
    return target


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


# Strict, numbers as text: this reader only counts.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)
_SPACE = re.compile(r"[ \t\r\n]*")


def _values(found: Survey, link: Path, table: Table) -> list[Any] | None:
    """The values of the file, one after another; None where each line is a record of its own.

    Raises FileRejected with line and column where the file is not valid JSON.
    """
    of_lines = link.name.removesuffix(".gz").endswith(("l", ".ndjson"))
    start = next(chunks(found.path, False)).decode("utf-8", "replace").removeprefix("\ufeff")
    first, _, more = start.lstrip().partition("\n")
    whole = _parsed(first)
    # A page, or an array, among lines is no record: such files are read whole.
    lines = isinstance(whole, dict) and _page(whole, table) is None
    if lines and (of_lines or more):
        return None
    if found.bytes > _LARGEST_PAGE:
        if of_lines:
            return None
        raise FileRejected(
            f"A JSON page of {found.bytes:,} bytes is larger than {_LARGEST_PAGE:,}.",
            "Export smaller pages, a plain array, or one object per line (.jsonl).",
            records=0,
        )
    if not found.is_utf8:
        if of_lines and not start.lstrip().startswith("["):
            return None
        raise _not_utf8(found.lines)
    text = found.path.read_text(encoding="utf-8-sig")
    values: list[Any] = []
    at = 0
    try:
        while (at := _SPACE.match(text, at).end()) < len(text):  # type: ignore[union-attr]
            value, at = _DECODER.raw_decode(text, at)
            values.append(value)
    except json.JSONDecodeError as error:
        if of_lines and not text.lstrip().startswith("["):
            return None
        records = sum(_size(value, table) for value in values) + _elements(text, at)
        raise FileRejected(
            f"The file is not valid JSON, or is broken off: {error.msg} at line {error.lineno}, "
            f"column {error.colno}.",
            "Export or transfer the file again, completely.",
            records,
            error.lineno,
        ) from error
    except RecursionError as error:
        if of_lines and not text.lstrip().startswith("["):
            return None
        raise FileRejected(
            "The JSON is nested too deeply.", "Export a flat list of records.", records=1
        ) from error
    return values


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _page(value: dict[str, Any], table: Table) -> str | None:
    """The key of the array of records in a list page; None when the object is no page."""
    key = table.records or "data"
    return key if isinstance(value.get(key), list) else None


def _size(value: Any, table: Table) -> int:
    """Records in a value: the elements of an array or a page, else one."""
    if isinstance(value, dict):
        key = _page(value, table)
        return 1 if key is None else len(value[key])
    return len(value) if isinstance(value, list) else 1


def _elements(text: str, at: int) -> int:
    """Elements of the first array at or after a place, the last of which may be broken off."""
    at = text.find("[", at) + 1
    count = 0
    while at and (at := _SPACE.match(text, at).end()) < len(text) and text[at] != "]":  # type: ignore[union-attr]
        count += 1
        try:
            _, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        at += text[at : at + 1] == ","
    return count


def _array(connection: duckdb.DuckDBPyConnection, found: Survey, counted: int = -1) -> int:
    """The elements of one array of any size; `counted` is how many, where that is known."""
    if not found.is_utf8:
        raise _not_utf8(found.lines)
    records = counted if counted >= 0 else _count_elements(found)
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
    message = re.sub(r' (?:in|while reading) file "[^"]*"', "", message)
    return FileRejected(
        f"The file is not valid JSON, or is broken off: {message}",
        "Export or transfer the file again, completely.",
        records,
    )


def _whole(
    connection: duckdb.DuckDBPyConnection, found: Survey, table: Table, values: list[Any]
) -> int:
    """Values one after another: arrays and list pages of records, or records."""
    records = sum(_size(value, table) for value in values)
    faults = [_no_records(value, table, records) for value in values]
    for value, fault in zip(values, faults, strict=True):
        # The engine reads no bare numbers and texts.
        if fault is not None and (all(faults) or not isinstance(value, dict)):
            raise fault
    if len(values) == 1 and isinstance(values[0], list):
        return _array(connection, found, records)
    # Wrapping first keeps the numbers; unwrapping restores the text of each record.
    pointer = "/" + (table.records or "data").replace("~", "~0").replace("/", "~1")
    try:
        connection.execute(
            f"""
            insert into documents
            select row_number() over (order by place, element), null, document
            from (
                select
                    place,
                    generate_subscripts(elements, 1) as element,
                    coalesce(
                        {_unwrapped("cast(unnest(elements) as varchar)", found)}, 'null'
                    ) as document
                from (
                    select
                        place,
                        case
                            when json_type(value) = 'ARRAY'
                                then cast({_wrapped("value", found)} as json[])
                            when json_type(value, $pointer) = 'ARRAY'
                                then cast(
                                    json_extract({_wrapped("value", found)}, $pointer) as json[]
                                )
                            else [cast({_wrapped("value", found)} as json)]
                        end as elements
                    from (
                        select row_number() over () as place, cast(json as varchar) as value
                        from read_json_objects(
                            {literal(str(found.path))}, format = 'unstructured',
                            compression = 'uncompressed', maximum_object_size = {_LARGEST_OBJECT}
                        )
                    )
                )
            )
            """,
            {"pointer": pointer},
        )
    except duckdb.Error as error:
        raise _engine_refused(error, records) from error
    return records


def _no_records(value: Any, table: Table, records: int) -> FileRejected | None:
    """What is wrong with a value that is neither an array, nor a page, nor a record.

    A file of nothing else is rejected; among others it is a record that is set aside.
    """
    if isinstance(value, list):
        return None
    if not isinstance(value, dict):
        text = json.dumps(value, ensure_ascii=False)
        return FileRejected(
            f"The file is {shown(text)}, not a list of records.",
            "Deliver an array of objects, a list page, or one object per line (.jsonl).",
            records,
        )
    if _page(value, table) is not None:
        return None
    declared = {column.name.lower() for column in table.columns}
    needed = {name.lower() for name in table.primary_key}
    needed |= {column.name.lower() for column in table.columns if column.required}
    names = {name.strip().lower() for name in value}
    keys = f"its keys are {', '.join(shown(key, 40) for key in list(value)[:10])}."
    if table.records is not None and not (needed and needed <= names):
        return FileRejected(
            f"The page has no array under the key {shown(table.records)}; {keys}",
            "Look whether the API answered with an error instead of a page; fetch it again.",
            records,
        )
    if not declared & names:
        return FileRejected(
            f'The object has no array of records under the key "data"; {keys}',
            f"Deliver list pages, or declare `records: <key>` for {table.name} in {table.path}.",
            records,
        )
    return None


def _lines(connection: duckdb.DuckDBPyConnection, found: Survey) -> int:
    """Lines of objects, in batches of whole lines: split and numbered in the engine."""
    connection.execute(
        "create or replace temp table bytes_of_lines (line_number bigint, record_bytes blob)"
    )
    line, number = 0, 0
    too_long: list[int] = []
    for batch in _whole_lines(found, too_long):
        text = batch.decode("utf-8", "backslashreplace")
        if not found.is_utf8:
            connection.executemany(
                "insert into bytes_of_lines values ($1, $2)",
                [
                    (line + index, raw)
                    for index, raw in enumerate(batch.split(b"\n"), start=1)
                    if not _is_utf8(raw)
                ]
                or [(-1, b"")],
            )
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
    if too_long:
        _set_aside_too_long(connection, too_long)
    return _count_lines(found)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _set_aside_too_long(connection: duckdb.DuckDBPyConnection, lines: list[int]) -> None:
    """Move the beginnings of lines that are too long to load from `documents` to `broken`."""
    connection.execute(
        f"""
        insert into broken by name
        select
            row_number,
            line_number,
            'The record is longer than {_LARGEST_OBJECT:,} bytes.' as reason,
            'Shorten the long field in the source, or leave it out.' as remedy,
            document as record
        from documents
        where line_number in (select unnest($lines))
        """,
        {"lines": lines},
    )
    connection.execute("delete from documents where row_number in (select row_number from broken)")


def _whole_lines(found: Survey, too_long: list[int]) -> Iterator[bytes]:
    """The file in pieces that end where a line ends, without that last line break.

    Of a line longer than _LARGEST_OBJECT only the beginning; its number is added to `too_long`.
    """
    pending = bytearray()
    first, skipping, line = True, False, 0
    for chunk in chunks(found.path, False):
        if first:
            chunk, first = chunk.removeprefix(b"\xef\xbb\xbf"), False
        if skipping:
            end = chunk.find(b"\n")
            if end < 0:
                continue
            chunk, skipping = chunk[end:], False
        pending += chunk
        if len(pending) < _BATCH:
            continue
        end = pending.rfind(b"\n")
        if end >= 0:
            yield bytes(pending[:end])
            line += pending.count(b"\n", 0, end) + 1
            del pending[: end + 1]
        if len(pending) > _LARGEST_OBJECT:
            too_long.append(line + 1)
            del pending[1000:]
            skipping = True
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
    pending, inside = b"", False
    for chunk in chunks(found.path, False):
        text, pending, inside = _without_strings(pending + chunk, inside)
        for token in _TOKEN.findall(text):
            if token in (b"[", b"{"):
                something = something or depth == 1
                depth += 1
            elif token in (b"]", b"}"):
                depth -= 1
            elif token == b",":
                commas += depth == 1
            else:
                something = something or depth == 1
    if depth or inside:
        raise FileRejected(
            "The file is not valid JSON, or is broken off: the array does not end.",
            "Export or transfer the file again, completely.",
            records=commas + something,
        )
    return commas + something


_TOKEN = re.compile(rb"[\[\]{},]|[^\[\]{},\s]+")
# The inside of a string, as far as it goes; then its end, or a lone backslash.
_INSIDE = re.compile(rb'(?:[^"\\]+|\\.)*+', re.DOTALL)
_STRING = re.compile(rb'"(?:[^"\\]+|\\.)*+"', re.DOTALL)


def _without_strings(data: bytes, inside: bool) -> tuple[bytes, bytes, bool]:
    """A piece of JSON with `s` for each string; what belongs to the next piece; whether a string
    goes on there."""
    if inside:
        end = _matched(_INSIDE, data)
        if data[end : end + 1] != b'"':
            return b"", data[end:], True
        data = data[end + 1 :]
    text = _STRING.sub(b"s", data)
    opened = text.find(b'"')
    if opened < 0:
        return text, b"", False
    rest = text[opened + 1 :]
    return text[:opened] + b"s", rest[_matched(_INSIDE, rest) :], True


def _matched(pattern: re.Pattern[bytes], data: bytes) -> int:
    found = pattern.match(data)
    return found.end() if found else 0


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
    """Move documents that are no JSON object of distinct keys from `documents` to `broken`."""
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
                    when len(list_distinct(names)) <> len(names) then 'key twice'
                    when list_contains(names, '') or contains(array_to_string(names, ''), chr(0))
                        then 'no name'
                end as fault
            from (
                select
                    *,
                    case when json_valid(document) then list_transform(
                        json_keys(document), lambda key: lower(trim(key))
                    ) end as names
                from documents
            )
        )

        select
            row_number,
            line_number,
            case fault
                when 'invalid' then 'The record is not valid JSON, or not UTF-8.'
                when 'no object' then 'The record is not a JSON object.'
                when 'key twice' then 'The record has a key twice.'
                else 'The record has a key that is empty, or has a NUL character.'
            end as reason,
            'Export the record again, as one JSON object.' as remedy,
            document as record
        from judged
        where fault is not null
        """
    )
    connection.execute("delete from documents where row_number in (select row_number from broken)")
    if connection.execute(
        "select 1 from duckdb_tables() where table_name = 'bytes_of_lines'"
    ).fetchone():
        connection.execute(
            "update broken set record_bytes = bytes_of_lines.record_bytes from bytes_of_lines "
            "where broken.line_number = bytes_of_lines.line_number"
        )
        connection.execute("drop table bytes_of_lines")


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
    # Records may spell a key in several ways ("Id", "id"): it is one column all the same.
    spellings: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        spellings.setdefault(clean_name(key).lower(), []).append(index)
    header = [clean_name(keys[first]) for first, *_ in spellings.values()]
    check_header(header)
    pointers = ["/" + key.replace("~", "~0").replace("/", "~1") for key in keys]
    paths = ", ".join(literal(pointer) for pointer in pointers) or "''"
    columns = ", ".join(
        f"nullif({_unwrapped(_first_of(places), found)}, '') as c{i}"
        for i, places in enumerate(spellings.values())
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


def _first_of(places: list[int]) -> str:
    """SQL: the value of a column that is written under one of several keys."""
    values = ", ".join(f"fields[{place + 1}]" for place in places)
    return values if len(places) == 1 else f"coalesce({values})"
