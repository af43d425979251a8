"""What a release file holds, and what it must never hold."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from building import AS_OF, EMAIL, build, released

from orchestration.home import Home, Settings
from orchestration.publish import publish
from orchestration.release_tables import ReleaseWriter
from orchestration.releases import ReleaseError, releases, served_id


def query(home: Home, text: str) -> list[tuple]:
    with duckdb.connect(str(home.published), read_only=True) as connection:
        return connection.execute(text).fetchall()


def test_readers_find_every_published_table_through_the_link(home: Home) -> None:
    release = released(home)
    tables = query(
        home,
        "select schema_name || '.' || table_name from duckdb_tables() order by 1",
    )
    assert [name for (name,) in tables] == [
        "kpis.kpi_scorecard",
        "kpis.kpi_snapshot",
        "kpis.kpi_values",
        "marts.dim_accounts",
        "marts.fct_totals",
        "meta.column_lineage",
        "meta.data_dictionary",
        "meta.feed_load",
        "meta.quality_result",
        "meta.rejected",
        "meta.release",
    ]
    assert query(home, "select count(*) from duckdb_views() where not internal") == [(0,)]
    assert release.tables["marts.dim_accounts"] == 50


def test_the_link_is_relative_and_named_like_its_target(home: Home) -> None:
    release = released(home)
    target = os.readlink(home.published)
    assert target == f"releases/{release.release_id}/warehouse.duckdb"
    assert query(home, "select current_database()") == [("warehouse",)]


def test_the_file_is_read_only_alone_in_its_folder_and_opens_in_old_versions(home: Home) -> None:
    release = released(home)
    assert stat.S_IMODE(release.database.stat().st_mode) == 0o444
    # Pages for people may lie beside them; a .wal, a spill folder or a half-written file may not.
    beside = {path.name for path in release.folder.iterdir() if path.suffix != ".html"}
    assert beside == {"manifest.json", "warehouse.duckdb"}
    # Bytes 12 to 19 of a DuckDB file are its storage version: 65 is v1.2.0.
    assert int.from_bytes(release.database.read_bytes()[12:20], "little") == 65


def test_comments_of_tables_views_and_columns_are_kept(home: Home) -> None:
    released(home)
    assert query(
        home,
        "select table_name, comment from duckdb_tables() where schema_name = 'marts' order by 1",
    ) == [
        ("dim_accounts", "One row per account; it's 1 € each."),
        ("fct_totals", "One row: totals."),
    ]
    assert query(
        home,
        "select comment from duckdb_columns() where column_name = 'account_id'",
    ) == [('Key of the "account".',)]


def test_every_meta_table_and_column_has_a_comment(home: Home) -> None:
    released(home)
    assert not query(
        home,
        "select table_name, column_name from duckdb_columns()"
        " where schema_name = 'meta' and comment is null",
    )
    assert not query(
        home,
        "select table_name from duckdb_tables() where schema_name = 'meta' and comment is null",
    )


def test_columns_have_types_that_bi_tools_read_and_keep_their_values(home: Home) -> None:
    released(home)
    assert query(
        home,
        "select column_name, data_type, is_nullable from duckdb_columns()"
        " where table_name = 'dim_accounts' order by column_index",
    ) == [
        ("account_id", "BIGINT", False),
        ("version", "INTEGER", True),
        ("total", "BIGINT", True),
        ("amount", "DECIMAL(18,4)", True),
        ("seen_at", "TIMESTAMP", True),
    ]
    assert query(home, "select sum(total), sum(amount), max(seen_at) from marts.dim_accounts") == [
        (12250, 75, datetime(2025, 7, 1)),
    ]


@pytest.mark.parametrize("expression", ["[1]", "{'a': 1}", "map {'a': 1}"])
def test_a_nested_type_is_refused_by_name_and_the_last_release_stays(
    home: Home, expression: str
) -> None:
    first = released(home, 1)
    build(home, 2)
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(f"create table marts.odd as select {expression} as nested")
    with pytest.raises(ReleaseError, match=r"marts\.odd\.nested has the type"):
        publish(home, Settings(), run_id="run-2", as_of=AS_OF)
    assert served_id(home) == first.release_id
    assert [path.name for path in home.releases.iterdir() if path.is_dir()] == [first.release_id]


def test_a_number_too_large_for_a_published_column_is_refused_with_its_table(home: Home) -> None:
    build(home)
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(
            "create table marts.big as select cast('9' || repeat('0', 25) as hugeint) n"
        )
    with pytest.raises(ReleaseError, match=r"marts\.big has a value too large"):
        publish(home, Settings(), run_id="run-1", as_of=AS_OF)


def test_no_rejected_value_or_record_and_no_e_mail_address_reaches_the_file(home: Home) -> None:
    release = released(home)
    columns = query(
        home,
        "select column_name from duckdb_columns() where table_name = 'rejected'"
        " order by column_index",
    )
    assert [name for (name,) in columns] == [
        "source",
        "entity",
        "source_file",
        "row_number",
        "line_number",
        "column_name",
        "reason",
    ]
    assert query(home, "select reason from meta.rejected") == [("no date: (e-mail address)",)]
    assert EMAIL.encode() not in release.database.read_bytes()
    assert b"maria.huber" not in release.database.read_bytes()


def test_an_e_mail_address_in_a_mart_becomes_the_same_hash_everywhere(home: Home) -> None:
    build(home)
    with duckdb.connect(str(home.build_database)) as connection:
        for table in ("dim_people", "fct_calls"):
            connection.execute(
                f"create table marts.{table} as select '{EMAIL}' as person_id"
                " union all select 'u-1' union all select 'me@home'"
            )
    release = publish(home, Settings(), run_id="run-1", as_of=AS_OF)
    assert query(
        home,
        "select count(*) from marts.dim_people inner join marts.fct_calls using (person_id)",
    ) == [(3,)]
    assert query(
        home,
        "select count(*) from marts.dim_people where person_id in ('u-1', 'me@home')",
    ) == [(2,)]
    assert release.manifest["masked_emails"]["marts.dim_people.person_id"] == 1
    assert EMAIL.encode() not in release.database.read_bytes()


def test_the_manifest_says_what_the_file_is(home: Home) -> None:
    release = released(home)
    manifest = json.loads((release.folder / "manifest.json").read_text())
    assert manifest["bytes"] == release.database.stat().st_size
    assert manifest["as_of"] == "2025-07-14T22:00:00.000000Z"
    assert manifest["storage_version"] == "v1.2.0"
    rows = {name: query(home, f"select count(*) from {name}")[0][0] for name in manifest["tables"]}
    assert rows == manifest["tables"]
    (described,) = query(
        home,
        "select release_id, as_of, input_file_count, input_files, dbt_vars from meta.release",
    )
    assert described == (
        release.release_id,
        datetime(2025, 7, 14, 22),
        1,
        '[{"file": "contract/account/a.csv", "sha256": "abc"}]',
        "{}",
    )


def test_only_results_of_the_run_behind_the_release_are_in_it(home: Home) -> None:
    build(home)
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(
            "create table meta.quality_result as select unnest(['run-0', 'run-1']) as run_id,"
            " 2 as gate, 'unique' as check_name, 'kpi_values' as subject, 'passed' as status"
        )
    publish(home, Settings(), run_id="run-1", as_of=AS_OF)
    assert query(home, "select run_id from meta.quality_result") == [("run-1",)]


def test_the_dictionary_lists_every_column_of_the_release(home: Home) -> None:
    released(home)
    assert query(home, "select count(*) from meta.data_dictionary") == query(
        home, "select count(*) from duckdb_columns() where not internal"
    )


def test_snapshots_keep_what_was_published_and_add_only_what_moved(home: Home) -> None:
    first = released(home, 1)
    same = publish(home, Settings(), run_id="run-1b", as_of=AS_OF)
    moved = released(home, 2)
    assert first.manifest["snapshot"] == {"carried": 0, "added": 2, "restated": 0}
    assert same.manifest["snapshot"] == {"carried": 2, "added": 0, "restated": 0}
    assert moved.manifest["snapshot"] == {"carried": 2, "added": 2, "restated": 2}
    assert query(
        home,
        "select period_start, value, run_id from kpis.kpi_snapshot order by published_at, 1",
    ) == [
        (datetime(2025, 5, 1), 1.0, "run-1"),
        (datetime(2025, 6, 1), 1.0, "run-1"),
        (datetime(2025, 5, 1), 2.0, "run-2"),
        (datetime(2025, 6, 1), 2.0, "run-2"),
    ]


def test_a_damaged_predecessor_does_not_stop_the_night(home: Home) -> None:
    released(home, 1)
    second = released(home, 2)
    second.database.chmod(0o644)
    second.database.write_bytes(b"no database at all")
    third = released(home, 3)
    assert third.manifest["snapshot"] == {"carried": 2, "added": 2, "restated": 2}


def test_nothing_is_published_when_the_file_holds_less_than_was_written(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = released(home, 1)
    original = ReleaseWriter.copy

    def lose_a_row(self, schema, table, comment, **more) -> None:  # type: ignore[no-untyped-def]
        original(self, schema, table, comment, **more)
        if table == "dim_accounts":
            self.connection.execute("delete from warehouse.marts.dim_accounts where account_id = 1")

    monkeypatch.setattr(ReleaseWriter, "copy", lose_a_row)
    build(home, 2)
    with pytest.raises(ReleaseError, match="does not hold what was written"):
        publish(home, Settings(), run_id="run-2", as_of=AS_OF)
    assert served_id(home) == first.release_id
    assert len(releases(home)) == 1


def test_an_earlier_instant_may_be_released_after_a_later_one(home: Home) -> None:
    released(home, 1)
    build(home, 2)
    past = publish(home, Settings(), run_id="run-2", as_of=AS_OF - timedelta(days=30))
    assert served_id(home) == past.release_id
    assert past.as_of < AS_OF


def test_a_build_without_meta_or_kpis_is_released_with_empty_meta_tables(home: Home) -> None:
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute("create schema marts; create table marts.t as select 1 as i")
    publish(home, Settings(), run_id="run-1", as_of=AS_OF)
    assert query(home, "select count(*) from meta.rejected") == [(0,)]
    assert query(home, "select i from marts.t") == [(1,)]


def test_names_with_quotes_are_names_and_not_sql(home: Home) -> None:
    build(home)
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(
            'create table marts."x""; drop table kpis.kpi_values; --" as select 1 as "a""b"'
        )
    release = publish(home, Settings(), run_id="run-1", as_of=AS_OF)
    assert 'marts.x"; drop table kpis.kpi_values; --' in release.tables
    assert query(home, "select count(*) from kpis.kpi_values") == [(3,)]


def test_exports_are_written_beside_the_release_when_settings_ask(home: Home) -> None:
    release = released(home, 1, Settings(exports=("parquet", "csv")))
    parquet = release.folder / "exports" / "parquet" / "kpis.kpi_values.parquet"
    csv = release.folder / "exports" / "csv" / "kpis.kpi_values.csv"
    with duckdb.connect() as connection:
        assert connection.execute(f"select count(*) from '{parquet}'").fetchone() == (3,)
        keys = connection.execute(
            f"select decode(key), decode(value) from parquet_kv_metadata('{parquet}')"
        ).fetchall()
    assert ("release_id", release.release_id) in keys
    assert csv.read_text().splitlines()[0].startswith("kpi_id,kpi_version,grain")


def test_release_ids_sort_by_time_and_differ_within_a_second(home: Home) -> None:
    build(home)
    now = datetime(2025, 7, 15, 2, 0, tzinfo=UTC)
    ids = [
        publish(
            home, Settings(), run_id=run, as_of=AS_OF, now=now + timedelta(seconds=later)
        ).release_id
        for run, later in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert len(set(ids)) == 3
    assert ids[0].startswith("20250715T020000Z-")
    assert max(ids) == ids[2]


def test_values_by_todays_owner_stand_apart_from_history(home: Home) -> None:
    build(home)
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(
            """
            create table kpis.kpi_catalog as
            select * from (values
                ('mrr', 'mrr', 'Recurring revenue', 'segment owner'),
                ('arr', 'mrr', 'A year of it', 'segment'),
                ('quota', 'quota', 'No account''s', 'owner')
            ) as rows (kpi_id, headline_id, definition, slices);
            create table kpis.kpi_mrr as
            select * exclude (dim_name, dim_value), 'owner' as dim_name, 'r1' as dim_value
            from kpis.kpi_values
            union all by name
            select * exclude (dim_name, dim_value), 'owner_current', 'r2' from kpis.kpi_values;
            create table kpis.kpi_values_current as
            select * replace ('owner' as dim_name, 'r2' as dim_value) from kpis.kpi_values
            union all
            select * replace ('arr' as kpi_id, 'owner' as dim_name, 'r2' as dim_value)
            from kpis.kpi_values;
            """
        )
    publish(home, Settings(), run_id="run-1", as_of=AS_OF)
    for table, want in {
        "kpi_mrr": [("mrr", "owner", "r1", 3)],
        "kpi_values_current": [("arr", "owner", "r2", 3), ("mrr", "owner", "r2", 3)],
        "kpi_mrr_current": [("arr", "owner", "r2", 3), ("mrr", "owner", "r2", 3)],
    }.items():
        assert want == query(
            home,
            f"select kpi_id, dim_name, dim_value, count(*) from kpis.{table}"
            " group by all order by 1",
        )
    assert query(
        home, "select comment from duckdb_tables() where table_name = 'kpi_mrr_current'"
    ) == [("By the segment, region, owner and team of today: Recurring revenue",)]
    assert not query(
        home, "select 1 from duckdb_tables() where table_name like 'kpi_quota%current'"
    )
