"""Keys in a release: those that gate 2 has tested, in the dictionary and where tools join."""

import json
from typing import Any

import duckdb
from building import AS_OF, build
from sqlalchemy import create_engine, inspect

from orchestration.home import Home, Settings
from orchestration.publish import publish


def model(schema: str, name: str) -> dict[str, Any]:
    return {"resource_type": "model", "schema": schema, "name": name, "alias": name}


def test_of(model: str, columns: list[str], **config: Any) -> dict[str, Any]:
    return {
        "resource_type": "test",
        "attached_node": model,
        "test_metadata": {"name": "unique_key", "kwargs": {"columns": columns}},
        "config": config,
    }


test_of.__test__ = False  # type: ignore[attr-defined]


def write_manifest(home: Home) -> None:
    nodes = {
        "dim": model("marts", "dim_accounts"),
        "totals": model("marts", "fct_totals"),
        "values": model("kpis", "kpi_values"),
        "scorecard": model("kpis", "kpi_scorecard"),
        "t1": test_of("dim", ["account_id", "version"]),
        "t2": {
            "attached_node": "dim",
            "test_metadata": {"name": "unique", "kwargs": {"column_name": "account_id"}},
        },
        "t3": test_of("values", ["kpi_id", "period_start"]),
        "t4": test_of("scorecard", ["kpi_id"], severity="warn"),
        "t5": test_of("totals", ["total"], where="total > 1"),
    }
    target = home.dbt / "target"
    target.mkdir(parents=True)
    (target / "manifest.json").write_text(json.dumps({"nodes": nodes}))


def test_the_dictionary_names_the_keys_and_tools_reflect_those_of_dimensions(home: Home) -> None:
    build(home)
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(
            "create table kpis.kpi_catalog as select 'mrr' as kpi_id, 'm' as definition"
            " union all select 'arr', 'a'"
        )
        connection.execute("create table kpis.kpi_gap as from kpis.kpi_values")
        connection.execute("update kpis.kpi_gap set period_start = null")
    write_manifest(home)
    publish(home, Settings(), run_id="run-1", as_of=AS_OF)
    with duckdb.connect(str(home.published), read_only=True) as connection:
        found = connection.execute(
            """
            select
                table_schema || '.' || table_name,
                list(column_name order by key_position)
            from meta.data_dictionary where key_position is not null group by 1
            """
        ).fetchall()
    keys = dict(found)
    assert keys == {
        "marts.dim_accounts": ["account_id"],  # the shortest of two
        "kpis.kpi_values": ["kpi_id", "period_start"],
        "kpis.kpi_mrr": ["kpi_id", "period_start"],
        "kpis.kpi_arr": ["kpi_id", "period_start"],
        "kpis.kpi_catalog": ["kpi_id"],
        "kpis.kpi_snapshot": [
            *("kpi_id", "kpi_version", "grain", "period_start", "dim_name", "dim_value"),
            "published_at",
        ],
        "meta.release": ["release_id"],
        "meta.data_dictionary": ["table_schema", "table_name", "column_name"],
    }
    engine = create_engine(
        f"duckdb:///{home.published}", connect_args={"read_only": True, "config": {}}
    )
    inspector = inspect(engine)
    for schema, table, columns in (
        ("marts", "dim_accounts", ["account_id"]),
        ("kpis", "kpi_catalog", ["kpi_id"]),
        ("kpis", "kpi_values", []),
    ):
        found = inspector.get_pk_constraint(table, schema=schema)["constrained_columns"]
        assert list(found) == columns, table
    engine.dispose()


def test_without_a_manifest_only_the_tables_of_the_release_have_keys(home: Home) -> None:
    build(home)
    publish(home, Settings(), run_id="run-1", as_of=AS_OF)
    with duckdb.connect(str(home.published), read_only=True) as connection:
        found = connection.execute(
            "select distinct table_schema || '.' || table_name from meta.data_dictionary"
            " where key_position is not null order by 1"
        ).fetchall()
    assert [each for (each,) in found] == [
        "kpis.kpi_snapshot",
        "meta.data_dictionary",
        "meta.release",
    ]
