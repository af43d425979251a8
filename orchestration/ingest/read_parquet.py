"""Parquet: every column becomes text in ISO form; the footer is the independent count."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.ingest.incoming import (
    FileRejected,
    Incoming,
    check_header,
    start_broken,
)
from orchestration.sql_text import literal


def read_parquet(connection: duckdb.DuckDBPyConnection, link: Path) -> Incoming:
    """Stage a Parquet file. Raises FileRejected when it cannot be read."""
    start_broken(connection)
    file = literal(str(link))
    scan = f"read_parquet({file}, hive_partitioning = false)"
    records = 0
    try:
        footer = connection.execute(
            f"select cast(sum(num_rows) as bigint) from parquet_file_metadata({file})"
        ).fetchone()
        records = int(footer[0]) if footer and footer[0] is not None else 0
        header = _names(connection, file)
        check_header(header)
        types = [row[1] for row in connection.execute(f"describe select * from {scan}").fetchall()]
        names = ", ".join(f"c{i}" for i in range(len(types)))
        binary = [f"c{i}" for i, data_type in enumerate(types) if data_type == "BLOB"]
        texts = ", ".join(
            f"nullif({_text(f'c{i}', data_type)}, '') as c{i}" for i, data_type in enumerate(types)
        )
        connection.execute(
            f"""
            create or replace temp table incoming as
            select row_number() over () as row_number, {texts}
            {"".join(_undecodable(one) for one in binary)}
            from {scan} as file ({names})
            """
        )
        _set_aside_binary(connection, header, binary)
    except duckdb.Error as error:
        message = str(error).split("\n")[0].replace(str(link), "the file")
        raise FileRejected(
            f"The file is not readable as Parquet: {message}",
            "Export or transfer the file again, completely.",
            records,
        ) from error
    except FileRejected as rejected:
        rejected.records = records
        raise

    def locate(on: duckdb.DuckDBPyConnection) -> None:
        fields = ", ".join(f"{literal(name)}: c{i}" for i, name in enumerate(header))
        on.execute(
            f"""
            create or replace temp table located as
            select
                row_number,
                cast(null as bigint) as line_number,
                cast(to_json({{{fields}}}) as varchar) as record,
                cast(null as blob) as record_bytes
            from incoming
            semi join verdict using (row_number)
            """
        )

    return Incoming(header, records, locate, has_nul=True)


def _undecodable(column: str) -> str:
    """SQL: the bytes of a column, escaped, where they are no UTF-8 text."""
    return (
        f", case when try(decode({column})) is null then cast({column} as varchar) end as x{column}"
    )


def _set_aside_binary(
    connection: duckdb.DuckDBPyConnection, header: list[str], binary: list[str]
) -> None:
    """Move records with bytes that are no UTF-8 text from `incoming` to `broken`."""
    fields = ", ".join(
        f"{literal(name)}: " + (f"coalesce(c{i}, xc{i})" if f"c{i}" in binary else f"c{i}")
        for i, name in enumerate(header)
    )
    for column in binary:
        name = header[int(column[1:])]
        connection.execute(
            f"""
            insert into broken by name
            select
                row_number,
                {literal(name)} as column_name,
                'The value of ' || {literal(name)} || ' is not UTF-8 text.' as reason,
                'Leave the column out, or export it as text.' as remedy,
                cast(to_json({{{fields}}}) as varchar) as record
            from incoming
            where x{column} is not null and row_number not in (select row_number from broken)
            """
        )
    if binary:
        connection.execute(
            "delete from incoming where row_number in (select row_number from broken)"
        )
        for column in binary:
            connection.execute(f"alter table incoming drop column x{column}")


def _names(connection: duckdb.DuckDBPyConnection, file: str) -> list[str]:
    """Names of the top-level columns as written in the footer, duplicates included."""
    nodes = connection.execute(f"select name, num_children from parquet_schema({file})").fetchall()
    names: list[str] = []
    open_children: list[int] = []
    for name, children in nodes:
        if len(open_children) == 1:
            names.append(str(name).strip())
        if open_children:
            open_children[-1] -= 1
        open_children.append(children or 0)
        while open_children and open_children[-1] == 0:
            open_children.pop()
    return names


def _text(column: str, data_type: str) -> str:
    """SQL that writes a value of a DuckDB type as text."""
    if data_type == "BLOB":
        return f"try(decode({column}))"
    if data_type == "TIMESTAMP WITH TIME ZONE":
        return f"strftime(timezone('UTC', {column}), '%Y-%m-%dT%H:%M:%S.%fZ')"
    if data_type in ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"):
        return f"strftime(cast({column} as timestamp), '%Y-%m-%dT%H:%M:%S.%f')"
    if data_type.endswith("]") or data_type.startswith(("STRUCT", "MAP", "UNION")):
        return f"cast(to_json({column}) as varchar)"
    return f"cast({column} as varchar)"
