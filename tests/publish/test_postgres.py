"""The copy of a release in PostgreSQL, on a real server that the tests start themselves."""

import json
import multiprocessing
import time
from collections.abc import Iterator
from typing import Any

import duckdb
import psycopg
import pytest
from building import AS_OF, build, released
from cluster import Server, running
from psycopg import errors, sql

from orchestration import cli, postgres
from orchestration.home import Home, Postgres, Settings
from orchestration.publish import publish
from orchestration.releases import Release

VARIABLE = "WAREHOUSE_TEST_POSTGRES_URL"
SETTINGS = Settings(postgres=Postgres(url_env=VARIABLE))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def server(cluster: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server without any copy, and its address in the environment."""
    with cluster.connect("admin") as connection:
        for schema in (*postgres.SCHEMAS, "reporting"):
            connection.execute(sql.SQL("drop schema if exists {} cascade").format(name(schema)))
    monkeypatch.setenv(VARIABLE, cluster.address())
    return cluster


def name(*parts: str) -> sql.Identifier:
    return sql.Identifier(*parts)


def copied_release(server: Server) -> str:
    with server.connect("admin") as connection:
        return str(connection.execute("select release_id from meta.release").fetchall()[0][0])


def odd(home: Home) -> Release:
    """A release with every published type and with values that a careless copy would change."""
    build(home)
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(
            """
            create table marts.dim_odd (
                "Odd ""k"" name" varchar, "select" varchar, tiny tinyint, small smallint,
                whole integer, big bigint, single float, precise double, money decimal(18, 4),
                yes boolean, day date, moment timestamp, clock time
            );
            insert into marts.dim_odd values
            ('a', '', 1, 2, 3, 9223372036854775807, 0.1, 0.1, 12345678901234.5678, true,
                date '2024-02-29', timestamp '2024-03-31 02:30:00.123456', time '23:59:59.5'),
            ('b', 'line\n\\.\nnext, "quoted"; tab\there', -1, -2, -3, -9223372036854775808,
                'infinity', '-infinity', -0.0001, false, date '1999-12-31',
                timestamp '1969-12-31 23:59:59', time '00:00:00'),
            ('c', null, null, null, null, null, null, 'nan', null, null, null, null, null),
            ('d', '\\N', 0, 0, 0, 0, 1e-38, 4.9e-324, 0, true, 'infinity', '-infinity',
                '12:00:00'),
            ('e', 'Grüße 🎉 ' || chr(0) || '!', 0, 0, 0, 0, 0, 2.2250738585072014e-308, 0.5, true,
                date '2025-01-01', timestamp '2025-01-01', '12:00:00');
            comment on table marts.dim_odd is 'It''s 100 % "odd"; {braces} and %s.';
            comment on column marts.dim_odd."select" is 'A keyword; -- no comment.';
            create table marts.fct_empty (only_column integer not null);
            """
        )
    return publish(home, Settings(), run_id="odd", as_of=AS_OF)


def test_every_value_type_comment_and_key_arrives(home: Home, server: Server) -> None:
    target = home.dbt / "target"
    target.mkdir(parents=True)
    nodes = {
        "odd": {"schema": "marts", "name": "dim_odd"},
        "test": {
            "attached_node": "odd",
            "test_metadata": {"name": "unique", "kwargs": {"column_name": 'Odd "k" name'}},
        },
    }
    (target / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    release = odd(home)
    done = postgres.push(SETTINGS, release)
    assert done == {"tables": len(release.tables), "rows": sum(release.tables.values())}
    with server.connect() as there, duckdb.connect(str(release.database), read_only=True) as here:
        here.execute("set timezone = 'UTC'")
        there.execute("set timezone = 'UTC'")
        tables = there.execute(
            "select schemaname || '.' || tablename from pg_tables where schemaname = any(%s)",
            [list(postgres.SCHEMAS)],
        ).fetchall()
        assert {each for (each,) in tables} == set(release.tables)
        for table, rows in release.tables.items():
            found = there.execute(
                sql.SQL("select count(*) from {}").format(name(*table.split(".")))
            ).fetchone()
            assert found == (rows,), table
        columns = """
            "Odd ""k"" name", {text}, tiny, small, whole, big, cast(single as double precision),
            precise, money, yes, cast(day as varchar), cast(moment as varchar), clock
        """
        query = f"select {columns} from marts.dim_odd order by 1"
        # PostgreSQL's text cannot hold NUL: the replacement character shows where it was.
        expected = here.execute(
            query.format(text='replace("select", chr(0), chr(65533))')
        ).fetchall()
        # PostgreSQL writes the offset of an instant, DuckDB's timestamp has none.
        got = [
            (*row[:11], row[11].removesuffix("+00") if row[11] else None, row[12])
            for row in there.execute(query.format(text='"select"')).fetchall()
        ]
        assert list(map(repr, got)) == list(map(repr, expected))
        types = there.execute(
            """
            select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                col_description(a.attrelid, a.attnum)
            from pg_attribute as a
            where a.attrelid = 'marts.dim_odd'::regclass and a.attnum > 0 order by a.attnum
            """
        ).fetchall()
        assert [each[1] for each in types] == [
            *("text", "text", "smallint", "smallint", "integer", "bigint", "real"),
            *("double precision", "numeric(18,4)", "boolean", "date"),
            *("timestamp with time zone", "time without time zone"),
        ]
        assert types[0][2] is True
        assert types[1][3] == "A keyword; -- no comment."
        assert there.execute(
            "select obj_description('marts.dim_odd'::regclass, 'pg_class')"
        ).fetchone() == ('It\'s 100 % "odd"; {braces} and %s.',)
        keys = there.execute(
            "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint"
            " where contype = 'p' and conrelid::regclass::text like 'm%' order by 1"
        ).fetchall()
        assert keys == [
            ("marts.dim_odd", 'PRIMARY KEY ("Odd ""k"" name")'),
            ("meta.data_dictionary", "PRIMARY KEY (table_schema, table_name, column_name)"),
            ("meta.release", "PRIMARY KEY (release_id)"),
        ]


def test_readers_may_read_and_nothing_else_and_grants_outlive_the_next_copy(
    home: Home, server: Server
) -> None:
    postgres.push(SETTINGS, released(home, 1))
    with server.connect("admin") as admin:
        admin.execute("drop role if exists analyst, auditor")
        admin.execute("create role analyst login in role warehouse_reader")
        admin.execute("create role auditor login")
        admin.execute("grant usage on schema meta to auditor")
        admin.execute("grant select on meta.release to auditor")
    postgres.push(SETTINGS, released(home, 2))
    with server.connect("analyst") as analyst:
        assert analyst.execute("select max(version) from marts.dim_accounts").fetchone() == (2,)
        for forbidden in (
            "insert into meta.release select * from meta.release",
            "delete from kpis.kpi_values",
            "update marts.dim_accounts set version = 3",
            "truncate marts.dim_accounts",
            "drop table marts.dim_accounts",
            "create table kpis.mine (i int)",
            "alter schema kpis rename to other",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                analyst.execute(forbidden)
    with server.connect("auditor") as auditor:
        assert auditor.execute("select run_id from meta.release").fetchone() == ("run-2",)
        with pytest.raises(errors.InsufficientPrivilege):
            auditor.execute("select * from kpis.kpi_values")
    with server.connect("admin") as admin:
        admin.execute("drop schema kpis, marts, meta cascade")
        admin.execute("drop role analyst, auditor")


@pytest.mark.parametrize("moment", ["fill", "key", "grant", "swap", "commit"])
def test_a_failed_copy_leaves_the_old_one_and_a_warning_that_can_be_repeated(
    home: Home, server: Server, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    first = released(home, 1)
    assert postgres.follow(home, SETTINGS, first)["pushed"]
    second = released(home, 2)

    def fail(*arguments: Any, **named: Any) -> None:
        # As an administrator's pg_terminate_backend, a failover or a full disk would end it.
        connection = arguments[0]
        with server.connect("admin") as admin:
            admin.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
        if moment == "commit":
            swap(*arguments, **named)
        connection.execute("select 1")

    swap = postgres._swap
    with monkeypatch.context() as patch:
        called = {"fill": "_fill", "key": "_finish", "grant": "_grant"}.get(moment, "_swap")
        patch.setattr(postgres, called, fail)
        outcome = postgres.follow(home, SETTINGS, second)
    assert outcome["pushed"] is False
    assert outcome["message"].startswith("PostgreSQL refused: ")
    assert postgres.last(home, SETTINGS) == outcome
    assert copied_release(server) == first.release_id
    with server.connect() as connection:
        left = connection.execute(
            "select nspname from pg_namespace where nspname like 'warehouse%'"
        ).fetchall()
    assert left == []
    assert postgres.follow(home, SETTINGS, second)["pushed"]
    assert copied_release(server) == second.release_id


def test_what_stands_in_the_way_is_said_and_left_alone(
    home: Home, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = released(home)
    with server.connect("admin") as admin:
        admin.execute("create schema marts")
        admin.execute("create table marts.precious (i int)")
    with pytest.raises(postgres.PushError, match="schema marts that is not the warehouse's"):
        postgres.push(SETTINGS, release)
    with server.connect("admin") as admin:
        assert admin.execute("select count(*) from marts.precious").fetchone() == (0,)
        admin.execute("drop schema marts cascade")
    postgres.push(SETTINGS, release)
    with server.connect("admin") as admin:
        admin.execute("create schema reporting")
        admin.execute("create view reporting.mine as select * from kpis.kpi_values")
    with pytest.raises(postgres.PushError, match=r"view reporting\.mine depends on"):
        postgres.push(SETTINGS, release)
    with server.connect("admin") as admin:
        assert admin.execute("select count(*) from reporting.mine").fetchone() == (3,)


def test_a_transaction_that_reads_the_old_copy_ends_before_the_new_one_appears(
    home: Home, server: Server
) -> None:
    first, second = released(home, 1), released(home, 2)
    postgres.push(SETTINGS, first)
    with psycopg.connect(server.address("admin"), application_name="notebook") as reader:
        reader.execute("select * from marts.dim_accounts")
        with pytest.raises(postgres.PushError, match=r"for 2 s \(process \d+ of admin, notebook"):
            postgres.push(SETTINGS, second, patience=2)
        assert reader.execute("select release_id from meta.release").fetchone() == (
            first.release_id,
        )
    postgres.push(SETTINGS, second, patience=2)
    assert copied_release(server) == second.release_id


def test_a_snapshot_from_before_the_swap_sees_the_new_rows_and_no_empty_table(
    home: Home, server: Server
) -> None:
    postgres.push(SETTINGS, released(home, 1))
    with psycopg.connect(server.address("admin")) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select 1 from pg_class limit 1")  # takes the snapshot
        postgres.push(SETTINGS, released(home, 2))
        found = reader.execute("select count(*), max(version) from marts.dim_accounts").fetchone()
    assert found == (50, 2)


def test_the_address_of_the_server_is_in_no_message(
    home: Home,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    release = released(home)
    for address in (
        "",
        "nonsense secret-word",
        "postgresql://loader:secret-word@/postgres?host=/nowhere/secret-word",
        f"postgresql://secret-word:secret-word@/postgres?host={server.folder}",
        f"postgresql://loader:secret-word@/secret-word?host={server.folder}",
        "postgresql://loader:p@secret-word@127.0.0.1:1/postgres",
        "postgresql://loader:secret-word@127.0.0.1:1/postgres",
        "postgresql://loader:secret-word@127.0.0.1:secret-word/postgres",
    ):
        monkeypatch.setenv(VARIABLE, address)
        outcome = postgres.follow(home, SETTINGS, release)
        assert outcome["pushed"] is False
        assert VARIABLE in outcome["message"], outcome
        for part in ("secret-word", str(server.folder), "nowhere"):
            assert part not in (home.root / "postgres.json").read_text()
    home.settings_file.write_text(f"postgres: {{url_env: {VARIABLE}}}\n")
    assert cli._main(["push"]) == 1
    said = capsys.readouterr()
    assert "secret-word" not in said.out + said.err
    assert "error: PostgreSQL still has what it had: " in said.err


def test_push_status_and_rollback_of_the_command_line(
    home: Home, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = released(home, 1), released(home, 2)
    home.settings_file.write_text(f"postgres: {{url_env: {VARIABLE}}}\n")

    def said(*arguments: str) -> Any:
        assert cli._main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert said("status")["postgres"] is None
    assert said("push")["rows"] == sum(second.tables.values())
    assert copied_release(server) == second.release_id
    assert said("status")["postgres"]["release_id"] == second.release_id
    assert said("rollback")["postgres"]["pushed"]
    assert copied_release(server) == first.release_id
    assert said("push", second.release_id)["release_id"] == second.release_id
    assert cli._main(["status"]) == 0
    shown = capsys.readouterr().out
    assert f"not the served release: it holds {second.release_id}" in shown
    assert "Repeat it with `warehouse push`" in shown


# ---------------------------------------------------------------------------------------------
# Readers
# ---------------------------------------------------------------------------------------------

CHECK = """
select
    (select min(version) from marts.dim_accounts),
    (select max(version) from marts.dim_accounts),
    (select version from marts.fct_totals),
    (select max(version) from kpis.kpi_values),
    (select cast(replace(run_id, 'run-', '') as integer) from meta.release),
    (select count(*) from marts.dim_accounts)
"""
# The same in two statements, which a transaction must not find in different copies.
FIRST = "select max(version), count(*) from marts.dim_accounts"
SECOND = "select max(version), count(*) from kpis.kpi_values"


def read(address: str, ready: Any, stop: Any, results: Any, kind: str) -> None:
    """One reader process, until told to stop; reports what went wrong and its longest wait."""
    ready.wait()
    queries, problems, longest = 0, [], 0.0
    connection = None
    while not stop.is_set():
        began = time.monotonic()
        try:
            if connection is None:
                connection = psycopg.connect(address, autocommit=kind != "transaction")
                if kind == "transaction":
                    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.prepare_threshold = 0 if kind == "prepared" else None
            if kind == "transaction":
                one, rows = connection.execute(FIRST).fetchone() or (0, 0)
                other, values = connection.execute(SECOND).fetchone() or (0, 0)
                connection.commit()
                versions = [one, other]
                if (rows, values) != (50, 3):
                    problems.append(f"half a table: {rows}, {values}")
            else:
                *versions, rows = connection.execute(CHECK).fetchone() or (0,)
                if rows != 50:
                    problems.append(f"half a table: {rows}")
            queries += 1
            if len(set(versions)) != 1:
                problems.append(f"a mixture: {versions}")
            if kind == "short":
                connection.close()
                connection = None
        except Exception as error:
            problems.append(f"{kind}: {type(error).__name__}: {error}")
            connection = None
        longest = max(longest, time.monotonic() - began)
    results.put((queries, problems[:5], longest))


def soak(home: Home, server: Server, count: int, readers: int) -> tuple[int, list[str], float]:
    """Replace the copy `count` times under readers; return queries, problems, longest wait (s)."""
    made = [released(home, number) for number in range(1, 4)]
    postgres.push(SETTINGS, made[0])
    context = multiprocessing.get_context("spawn")
    ready, stop, results = context.Barrier(readers + 1), context.Event(), context.Queue()
    kinds = ("short", "long", "prepared", "transaction")
    processes = [
        context.Process(
            target=read,
            args=(server.address("admin"), ready, stop, results, kinds[number % len(kinds)]),
        )
        for number in range(readers)
    ]
    for process in processes:
        process.start()
    ready.wait(timeout=120)  # a process of its own takes its time to begin
    for number in range(1, count + 1):
        postgres.push(SETTINGS, made[number % len(made)])
    stop.set()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    return (
        sum(queries for queries, _, _ in found),
        [each for _, some, _ in found for each in some],
        max(longest for _, _, longest in found),
    )


def test_readers_see_no_error_and_no_mixture_while_copies_are_replaced(
    home: Home, server: Server
) -> None:
    queries, problems, longest = soak(home, server, 10, readers=4)
    assert problems == []
    assert queries >= 100
    assert longest < 15  # seconds


@pytest.mark.long
def test_many_readers_see_no_error_during_two_hundred_copies(home: Home, server: Server) -> None:
    queries, problems, longest = soak(home, server, 200, readers=8)
    assert problems == []
    assert queries >= 2000
    assert longest < 15
