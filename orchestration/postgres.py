"""A copy of the served release in PostgreSQL, for teams that cannot mount a file.

The DuckDB release is the truth; this is a copy of it that is replaced as a whole, in one
transaction. Nothing of a failed attempt stays, and readers keep the release before it. The address
of the server comes from the environment and appears in no message, log or file.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.home import Home, Settings
from orchestration.releases import INSTANT, Release, verify
from orchestration.sql_text import literal, quoted

if TYPE_CHECKING:
    import psycopg

SCHEMAS = ("kpis", "marts", "meta")
NEXT = "warehouse_next_"
MARK = "CRM KPI warehouse, release "
STATE = "postgres.json"
BLOCK_BYTES = 1 << 20
LONGEST_NAME = 63
# Readers wait for the swap no longer than this, which is less than PostgreSQL's deadlock_timeout
# (1 s): the swap gives way before the server would end one of two that wait for each other.
LOCK_MILLISECONDS = 500
# The first tries are shorter: often one of two that wait for each other is only in passing.
SHORTEST_LOCK_MILLISECONDS = 30
PATIENCE_SECONDS = 300.0
TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "DATE": "date",
    "TIME": "time",
    # Every instant of a release is in UTC.
    "TIMESTAMP": "timestamptz",
}

Progress = Callable[[int, int, str], None]


class PushError(RuntimeError):
    """The copy in PostgreSQL was not replaced; the message says why and what to do."""


@dataclass(frozen=True)
class Column:
    """A column of the release: name, DuckDB type, NOT NULL mark, comment, place in the key."""

    name: str
    data_type: str
    not_null: bool
    comment: str | None
    key_position: int | None


@dataclass(frozen=True)
class Table:
    """A table of the release and its columns in order."""

    schema: str
    name: str
    comment: str | None
    columns: tuple[Column, ...]

    @property
    def key(self) -> list[str]:
        """The columns of its primary key, in order; none when it has no key."""
        keyed = [each for each in self.columns if each.key_position]
        return [each.name for each in sorted(keyed, key=lambda each: each.key_position or 0)]


def is_wanted(settings: Settings) -> bool:
    """Whether settings.yml names the server."""
    return settings.postgres.url_env is not None


def follow(
    home: Home, settings: Settings, release: Release, progress: Progress | None = None
) -> dict[str, Any] | None:
    """Replace the copy by `release` if settings ask for one; return what came of it.

    Never raises for a failed copy, which is no fault of the release: the outcome says so, and
    stays in the home until the next attempt. None when settings name no server.
    """
    if not is_wanted(settings):
        return None
    outcome: dict[str, Any] = {"release_id": release.release_id}
    began = time.monotonic()
    try:
        outcome |= {"pushed": True, **push(settings, release, progress=progress), "message": None}
    except Exception as error:
        text = str(error) if isinstance(error, PushError) else f"{type(error).__name__}: {error}"
        outcome |= {"pushed": False, "tables": 0, "rows": 0, "message": text}
    outcome |= {
        "seconds": round(time.monotonic() - began, 2),
        "at": datetime.now(UTC).strftime(INSTANT),
    }
    _remember(home, outcome)
    return outcome


def last(home: Home, settings: Settings) -> dict[str, Any] | None:
    """The outcome of the last attempt: release_id, pushed, tables, rows, message, seconds, at.

    None when settings name no server or nothing was tried yet.
    """
    if not is_wanted(settings):
        return None
    try:
        return dict(json.loads((home.root / STATE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _remember(home: Home, outcome: dict[str, Any]) -> None:
    temporary = home.root / f".{STATE}.{os.getpid()}"
    temporary.write_text(json.dumps(outcome) + "\n", encoding="utf-8")
    os.replace(temporary, home.root / STATE)


def push(
    settings: Settings,
    release: Release,
    *,
    progress: Progress | None = None,
    patience: float = PATIENCE_SECONDS,
) -> dict[str, int]:
    """Load a release beside the copy that readers have, and take its place, in one transaction.

    Returns the numbers of tables and rows. `patience`: seconds to wait for readers that hold tables
    of the old copy. Raises PushError, or ReleaseError for a damaged file.
    """
    verify(release)
    with _connected(settings) as connection:
        import psycopg

        try:
            with connection.transaction():
                return _replace(connection, settings, release, progress, patience)
        except psycopg.errors.DependentObjectsStillExist as error:
            raise PushError(
                "somebody's objects depend on tables of the copy, and replacing it would drop"
                f" them: {error.diag.message_detail or error}. Drop them, or define them as"
                " functions, which look tables up by name when they run"
            ) from None
        except psycopg.errors.InsufficientPrivilege as error:
            raise PushError(
                f"the user of the connection may not do that ({_first_line(error)}); it needs"
                " CREATE on the database, and must own the schemas kpis, marts and meta"
            ) from None
        except psycopg.Error as error:
            raise PushError(f"PostgreSQL refused: {_first_line(error)}") from None


@contextmanager
def _connected(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the server that the environment names; errors do not repeat its address."""
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError as error:
        raise PushError(
            f"the driver psycopg cannot be loaded ({error});"
            ' install it: pip install "crm-kpi-warehouse[postgres]"'
        ) from error
    variable = settings.postgres.url_env or ""
    address = os.environ.get(variable, "")
    if not address:
        raise PushError(
            f"the environment variable {variable} is not set; it holds the address of the server,"
            " postgresql://user:password@host/database"
        )
    try:
        given = conninfo_to_dict(address)
    except psycopg.ProgrammingError:
        raise PushError(
            f"the value of {variable} is no connection string; write"
            " postgresql://user:password@host/database, special characters percent-encoded"
        ) from None
    options = {"connect_timeout": 10, "application_name": "warehouse push"}
    for name in given:
        options.pop(name, None)
    try:
        connection = psycopg.connect(address, client_encoding="utf8", autocommit=True, **options)  # type: ignore[arg-type]
    except psycopg.Error as error:
        # A password with an @ in it ends up in what is taken for the host.
        reason = str(error).rpartition("failed: ")[2]
        for value in sorted(map(str, given.values()), key=len, reverse=True):
            reason = reason.replace(value, "...")
        reason = re.sub(r"\"[^\"]*\"|'[^']*'", "...", reason)
        raise PushError(
            f"no connection to the server that {variable} names: {' '.join(reason.split())}"
        ) from None
    with connection:
        yield connection


def _replace(
    connection: psycopg.Connection[Any],
    settings: Settings,
    release: Release,
    progress: Progress | None,
    patience: float,
) -> dict[str, int]:
    """Everything that `push` does inside its transaction."""
    if not _one(connection, "select pg_try_advisory_xact_lock(hashtext('warehouse push'))"):
        raise PushError("another push to this database is under way; try again when it has ended")
    connection.execute("set local timezone = 'UTC'")
    connection.execute("set local statement_timeout = 0")
    connection.execute("set local search_path = pg_catalog")
    _refuse_foreign_schemas(connection)
    rows = 0
    with _opened(release) as source:
        tables = _tables(source)
        for schema in SCHEMAS:
            _run(connection, "create schema {}", NEXT + schema)
        with tempfile.TemporaryDirectory(prefix="warehouse-push-") as spill:
            for number, table in enumerate(tables):
                if progress:
                    progress(number, len(tables), f"{table.schema}.{table.name}")
                _create(connection, table)
                rows += _fill(connection, source, table, Path(spill) / "rows.csv")
                _finish(connection, table)
    for schema in SCHEMAS:
        text = f"{MARK}{release.release_id}, as of {release.as_of:%Y-%m-%d %H:%M} UTC"
        _run(connection, "comment on schema {} is {}", NEXT + schema, text=text)
    _grant(connection, tables, settings.postgres.reader_role)
    if progress:
        progress(len(tables), len(tables), "swap")
    _swap(connection, patience)
    return {"tables": len(tables), "rows": rows}


def _refuse_foreign_schemas(connection: psycopg.Connection[Any]) -> None:
    """Leave alone what somebody else made under the names of our schemas."""
    found = connection.execute(
        "select nspname, obj_description(oid, 'pg_namespace') from pg_namespace"
        " where nspname = any(%s) order by 1",
        [list(SCHEMAS)],
    ).fetchall()
    for name, comment in found:
        if not str(comment or "").startswith(MARK):
            raise PushError(
                f"the database has a schema {name} that is not the warehouse's;"
                " give the warehouse a database of its own"
            )


@contextmanager
def _opened(release: Release) -> Iterator[duckdb.DuckDBPyConnection]:
    with (
        tempfile.TemporaryDirectory(prefix="warehouse-push-") as spill,
        duckdb.connect(":memory:", config={"temp_directory": spill}) as source,
    ):
        source.execute("set timezone = 'UTC'")
        source.execute(f"attach {literal(str(release.database))} as warehouse (read_only)")
        yield source


def _tables(source: duckdb.DuckDBPyConnection) -> list[Table]:
    """The tables of the release, with the keys that its dictionary names."""
    keyed = source.execute(
        "select 1 from duckdb_columns() where database_name = 'warehouse' and schema_name = 'meta'"
        " and table_name = 'data_dictionary' and column_name = 'key_position'"
    ).fetchone()
    position = "dictionary.key_position" if keyed else "cast(null as integer)"
    found = source.execute(
        f"""
        select
            columns.schema_name, columns.table_name, tables.comment,
            list({{
                'name': columns.column_name, 'data_type': columns.data_type,
                'not_null': not columns.is_nullable, 'comment': columns.comment,
                'key_position': {position}
            }} order by columns.column_index)
        from duckdb_columns() as columns
        inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
        left join warehouse.meta.data_dictionary as dictionary
            on columns.schema_name = dictionary.table_schema
            and columns.table_name = dictionary.table_name
            and columns.column_name = dictionary.column_name
        where columns.database_name = 'warehouse' and columns.schema_name in {SCHEMAS}
        group by all
        order by 1, 2
        """
    ).fetchall()
    tables = [
        Table(schema, name, comment, tuple(Column(**each) for each in columns))
        for schema, name, comment, columns in found
    ]
    for table in tables:
        for name in (table.name, *(column.name for column in table.columns)):
            if len(name.encode()) > LONGEST_NAME:
                raise PushError(
                    f"{table.schema}.{table.name}: PostgreSQL cuts names off after {LONGEST_NAME}"
                    f" bytes, and {name} is longer; give it a shorter name in its model"
                )
    return tables


def postgres_type(data_type: str) -> str:
    """The PostgreSQL type that holds every value of a published DuckDB type."""
    decimal = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", data_type)
    return f"numeric({decimal[1]}, {decimal[2]})" if decimal else TYPES[data_type]


def _create(connection: psycopg.Connection[Any], table: Table) -> None:
    from psycopg import sql

    definitions = [
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(postgres_type(column.data_type)),
            sql.SQL(" not null" if column.not_null else ""),
        )
        for column in table.columns
    ]
    connection.execute(
        sql.SQL("create table {} ({})").format(
            sql.Identifier(NEXT + table.schema, table.name), sql.SQL(", ").join(definitions)
        )
    )


def _fill(
    connection: psycopg.Connection[Any],
    source: duckdb.DuckDBPyConnection,
    table: Table,
    file: Path,
) -> int:
    """Copy the rows of a table in bulk; return their number, which must be that of the release."""
    from psycopg import sql

    names = [quoted(column.name) for column in table.columns]
    texts = {quoted(each.name) for each in table.columns if each.data_type == "VARCHAR"}
    selected = ", ".join(
        # The one character that PostgreSQL's text cannot hold; U+FFFD shows where it was.
        f"replace({name}, chr(0), chr(65533)) as {name}" if name in texts else name
        for name in names
    )
    quoting = f", force_quote ({', '.join(sorted(texts))})" if texts else ""
    (count,) = source.execute(
        f"copy (select {selected} from warehouse.{quoted(table.schema)}.{quoted(table.name)})"
        f" to '{file}' (format csv, header false, nullstr ''{quoting})"
    ).fetchone() or (0,)
    # Frozen rows are there for every reader from the swap on, whenever its snapshot was taken.
    command = sql.SQL("copy {} from stdin (format csv, freeze)").format(
        sql.Identifier(NEXT + table.schema, table.name)
    )
    with connection.cursor() as cursor:
        with cursor.copy(command) as copy, file.open("rb") as data:
            while block := data.read(BLOCK_BYTES):
                copy.write(block)
        if cursor.rowcount != count:
            raise PushError(
                f"{table.schema}.{table.name}: {cursor.rowcount:,} of {count:,} rows arrived"
            )
    return int(count)


def _finish(connection: psycopg.Connection[Any], table: Table) -> None:
    """Key, comments and statistics of a table that has its rows."""
    from psycopg import sql

    place = (NEXT + table.schema, table.name)
    if table.key:
        columns = sql.SQL(", ").join(sql.Identifier(each) for each in table.key)
        connection.execute(
            sql.SQL("alter table {} add primary key ({})").format(sql.Identifier(*place), columns)
        )
    if table.comment:
        _run(connection, "comment on table {} is {}", *place, text=table.comment)
    for column in table.columns:
        if column.comment:
            _run(connection, "comment on column {} is {}", *place, column.name, text=column.comment)
    _run(connection, "analyze {}", *place)


def _grant(connection: psycopg.Connection[Any], tables: list[Table], role: str | None) -> None:
    """Reading for the role of the settings, and for whom somebody let read the copy before."""
    from psycopg import sql

    if role:
        if not _one(connection, "select 1 from pg_roles where rolname = %s", [role]):
            allowed = _one(
                connection,
                "select rolcreaterole or rolsuper from pg_roles where rolname = current_user",
            )
            if not allowed:
                raise PushError(
                    f"the role {role} does not exist and the user of the connection may not create"
                    f" roles; let an administrator run: create role {role} nologin"
                )
            _run(connection, "create role {} nologin", role)
        for schema in SCHEMAS:
            place, reader = sql.Identifier(NEXT + schema), sql.Identifier(role)
            connection.execute(sql.SQL("grant usage on schema {} to {}").format(place, reader))
            connection.execute(
                sql.SQL("grant select on all tables in schema {} to {}").format(place, reader)
            )
    known = {(table.schema, table.name) for table in tables}
    granted = connection.execute(
        """
        select
            namespaces.nspname, null, grants.privilege_type,
            case grants.grantee when 0 then null else pg_get_userbyid(grants.grantee) end
        from pg_namespace as namespaces
        cross join lateral aclexplode(namespaces.nspacl) as grants
        where namespaces.nspname = any(%(schemas)s) and grants.privilege_type = 'USAGE'
            and grants.grantee <> namespaces.nspowner
        union all
        select
            namespaces.nspname, tables.relname, grants.privilege_type,
            case grants.grantee when 0 then null else pg_get_userbyid(grants.grantee) end
        from pg_class as tables
        inner join pg_namespace as namespaces on tables.relnamespace = namespaces.oid
        cross join lateral aclexplode(tables.relacl) as grants
        where namespaces.nspname = any(%(schemas)s) and grants.privilege_type = 'SELECT'
            and grants.grantee <> tables.relowner and tables.relkind = 'r'
        """,
        {"schemas": list(SCHEMAS)},
    ).fetchall()
    for schema, name, privilege, grantee in granted:
        if (grantee is not None and grantee == role) or (name and (schema, name) not in known):
            continue
        place = sql.Identifier(*([NEXT + schema] + ([name] if name else [])))
        connection.execute(
            sql.SQL("grant {} on {} {} to {}").format(
                sql.SQL(privilege),
                sql.SQL("table" if name else "schema"),
                place,
                sql.Identifier(grantee) if grantee else sql.SQL("public"),
            )
        )


def _swap(connection: psycopg.Connection[Any], patience: float) -> None:
    """Take the place of the old copy while nobody reads it.

    Holding every old table shuts out queries that would find one table in the old copy and the
    next one in the new; a transaction that has read the old copy ends before the new one appears.
    """
    from psycopg import errors, sql

    old = connection.execute(
        "select schemaname, tablename from pg_tables where schemaname = any(%s) order by 1, 2",
        [list(SCHEMAS)],
    ).fetchall()
    tables = sql.SQL(", ").join(sql.Identifier(*each) for each in old)
    deadline = time.monotonic() + patience
    milliseconds, delay = SHORTEST_LOCK_MILLISECONDS, 0.05
    while old:
        try:
            with connection.transaction():
                connection.execute(f"set local statement_timeout = {milliseconds}")
                connection.execute(sql.SQL("lock table {} in access exclusive mode").format(tables))
                connection.execute("set local statement_timeout = 0")
            break
        except (errors.QueryCanceled, errors.DeadlockDetected):
            if time.monotonic() + delay > deadline:
                raise PushError(
                    f"tables of the copy were in use for {patience:.0f} s"
                    f" ({_readers(connection)}); end those transactions, or push again later"
                ) from None
            time.sleep(delay)
            milliseconds, delay = min(milliseconds * 2, LOCK_MILLISECONDS), min(delay * 2, 2.0)
    if old:
        connection.execute(sql.SQL("drop table {}").format(tables))
    for schema in SCHEMAS:
        _run(connection, "drop schema if exists {}", schema)
        connection.execute(
            sql.SQL("alter schema {} rename to {}").format(
                sql.Identifier(NEXT + schema), sql.Identifier(schema)
            )
        )


def _readers(connection: psycopg.Connection[Any]) -> str:
    """Who holds tables of the copy."""
    found = connection.execute(
        """
        select distinct
            'process ' || activity.pid || ' of ' || coalesce(activity.usename, 'unknown')
            || coalesce(', ' || nullif(activity.application_name, ''), '')
            || coalesce(', ' || activity.state, '')
        from pg_locks as locks
        inner join pg_class as tables on locks.relation = tables.oid
        inner join pg_namespace as namespaces on tables.relnamespace = namespaces.oid
        inner join pg_stat_activity as activity on locks.pid = activity.pid
        where namespaces.nspname = any(%s) and locks.pid <> pg_backend_pid()
        order by 1 limit 5
        """,
        [list(SCHEMAS)],
    ).fetchall()
    return "; ".join(each for (each,) in found) or "by sessions that have ended"


def _run(
    connection: psycopg.Connection[Any], command: str, *name: str, text: str | None = None
) -> None:
    """Run a command on a thing of that (qualified) name, with a text as its last part."""
    from psycopg import sql

    parts: list[sql.Composable] = [sql.Identifier(*name)]
    if text is not None:
        parts.append(sql.Literal(text))
    connection.execute(sql.SQL(command).format(*parts))


def _one(connection: psycopg.Connection[Any], query: str, values: Sequence[Any] = ()) -> Any:
    found = connection.execute(query, values).fetchone()
    return found[0] if found else None


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
