"""What a release promises to tools: plain types, comments everywhere, contracts, one wide table."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import PROJECT_ROOT
from orchestration.release_tables import Column, published_type

# What ODBC, JDBC and the file formats of BI tools all know; no HUGEINT, nothing nested, no zone.
PLAIN = {
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "VARCHAR", "DATE",
    "TIME", "TIMESTAMP",
}  # fmt: skip
DEPRECATED = re.compile(r"^Deprecated, gone after \d{4}-\d{2}-\d{2}: use \S+")


@pytest.fixture(scope="module")
def release(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    database = warehouse / "var" / "warehouse.duckdb"
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def published_models(warehouse: Path) -> dict[str, dict[str, Any]]:
    """Nodes of dbt's manifest whose relation is in a release, by schema.table."""
    manifest = json.loads((warehouse / "dbt" / "target" / "manifest.json").read_text("utf-8"))
    return {
        f"{node['schema']}.{node['alias']}": node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["schema"] in ("kpis", "marts")
        and node["config"]["materialized"] != "ephemeral"
    }


def test_every_column_has_a_type_that_tools_know(release: duckdb.DuckDBPyConnection) -> None:
    found = release.execute(
        "select schema_name || '.' || table_name || '.' || column_name, data_type"
        " from duckdb_columns() where not internal and database_name = current_database()"
    ).fetchall()
    assert len(found) > 2000

    def is_plain(kind: str) -> bool:
        decimal = re.fullmatch(r"DECIMAL\((\d+),\d+\)", kind)
        return int(decimal[1]) <= 18 if decimal else kind in PLAIN

    assert not [(name, kind) for name, kind in found if not is_plain(kind)]


def test_every_table_and_column_has_a_comment(release: duckdb.DuckDBPyConnection) -> None:
    silent = release.execute(
        """
        select schema_name, table_name, null from duckdb_tables()
        where not internal and database_name = current_database() and coalesce(comment, '') = ''
        union all
        select schema_name, table_name, column_name from duckdb_columns()
        where not internal and database_name = current_database() and coalesce(comment, '') = ''
        """
    ).fetchall()
    assert not silent


def test_every_published_model_has_an_enforced_contract(
    published_models: dict[str, dict[str, Any]],
) -> None:
    assert len(published_models) > 100
    without = {name for name, node in published_models.items() if not node["contract"]["enforced"]}
    # Its columns come from the catalogue; a data test holds them against kpi_values.
    assert without == {"kpis.kpi_wide"}


def test_the_release_has_the_columns_and_types_of_the_contracts(
    published_models: dict[str, dict[str, Any]], release: duckdb.DuckDBPyConnection
) -> None:
    """A declared decimal beyond 18 digits is narrowed by publishing."""
    physical = {"string": "VARCHAR"}
    for name, node in published_models.items():
        if not node["contract"]["enforced"]:
            continue
        schema, table = name.split(".")
        have = release.execute(
            "select column_name, data_type from duckdb_columns()"
            " where schema_name = ? and table_name = ? order by column_index",
            [schema, table],
        ).fetchall()
        declared = [
            (each["name"], physical.get(each["data_type"], each["data_type"].upper()))
            for each in node["columns"].values()
        ]
        want = {n: published_type(Column(n, kind), name).replace(", ", ",") for n, kind in declared}
        assert dict(have) == want, name


def test_the_wide_table_has_one_column_per_headline(release: duckdb.DuckDBPyConnection) -> None:
    with (PROJECT_ROOT / "seeds" / "kpi_catalog.csv").open(encoding="utf-8") as file:
        headlines = {
            row["kpi_id"]
            for row in csv.DictReader(file)
            if row["kpi_id"] == row["headline_id"] and row["grains"]
        }
    columns = [row[0] for row in release.execute("describe kpis.kpi_wide").fetchall()]
    keys = ["grain", "period_start", "period_end", "is_over", "dim_name", "dim_value"]
    assert columns[: len(keys)] == keys
    assert set(columns[len(keys) :]) == headlines
    assert len(columns) == len(keys) + len(headlines)


def test_periods_join_the_date_dimension(release: duckdb.DuckDBPyConnection) -> None:
    stray = release.execute(
        "select count(*) from kpis.kpi_values as figures anti join marts.dim_date as dates"
        " on figures.period_start = dates.date_day"
    ).fetchone()
    assert stray == (0,)


def test_a_kpi_is_traced_to_the_columns_of_the_exports(release: duckdb.DuckDBPyConnection) -> None:
    origins = {
        ".".join(row)
        for row in release.execute(
            "select upstream_schema, upstream_table, upstream_column"
            " from kpis.column_origins('kpis.kpi_win_rate', 'value')"
        ).fetchall()
    }
    assert {"raw.salesforce__opportunity.stagename", "raw.contract__opportunity.amount"} <= origins


def test_every_kpi_table_is_traced_to_an_export(release: duckdb.DuckDBPyConnection) -> None:
    untraced = release.execute(
        """
        with recursive walk as (
            select table_name as kpi, upstream_schema, upstream_table, upstream_column
            from meta.column_lineage
            where table_schema = 'kpis' and column_name in ('numerator', 'm', 'mrr')
            union
            select walk.kpi, edges.upstream_schema, edges.upstream_table, edges.upstream_column
            from walk inner join meta.column_lineage as edges
                on walk.upstream_schema = edges.table_schema
                and walk.upstream_table = edges.table_name
                and walk.upstream_column = edges.column_name
        )
        select table_name from duckdb_tables()
        where schema_name = 'kpis' and table_name not in ('kpi_catalog', 'kpi_snapshot')
        except
        select kpi from walk where upstream_schema = 'raw'
        """
    ).fetchall()
    assert not untraced


def test_what_is_deprecated_says_until_when_and_what_instead(
    release: duckdb.DuckDBPyConnection,
) -> None:
    """The form that docs/contracts.md promises, so that a program can find it."""
    comments = release.execute(
        "select distinct column_comment from meta.data_dictionary"
        " union select distinct table_comment from meta.data_dictionary"
    ).fetchall()
    assert not [c for (c,) in comments if c.startswith("Deprecated") and not DEPRECATED.match(c)]
