"""Every published number goes back to rows: the explain queries of the KPIs add up to `kpi_values`.

`config.meta.explain` of a KPI's YAML entry holds, per id, a query on the published schemas with the
parameters $period_start and $period_end. Its rows have the columns numerator and denominator.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import duckdb
import pytest
from agreement.warehouse import Dbt, same

from orchestration.home import PROJECT_ROOT, project_vars
from orchestration.pages.data import explanations

# What the small company does not have: no such event, or nothing left open at its last midnight.
QUIET = {
    "awaiting_first_response_count",
    "clv_discounted",
    "fcr_survey",
    "intra_period_churn_count",
    "late_recovery_count",
    "pipeline_missing_amount_count",
    "transfer_mrr",
    "uncredited_won_amount",
    "unforecast_amount",
}
PUBLISHED_SCHEMAS = ("marts", "kpis")


class Kpi(NamedTuple):
    """A row of the catalogue: the id, the file that publishes it, the grain to compare at."""

    kpi_id: str
    headline_id: str
    grain: str | None


def catalogue() -> list[Kpi]:
    """Ids of `kpi_values` but the percentiles, which no rows add up to."""
    with (PROJECT_ROOT / "seeds" / "kpi_catalog.csv").open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if not r["kpi_id"].endswith(("_p50", "_p90"))]
    found = []
    for row in rows:
        grains = row["grains"].split()
        if grains or row["kpi_id"] == "goal_attainment":
            grain = "month" if "month" in grains else next(iter(grains), None)
            found.append(Kpi(row["kpi_id"], row["headline_id"], grain))
    return found


KPIS = catalogue()


@pytest.fixture(scope="session")
def explains(dbt: Dbt) -> dict[str, dict[str, str]]:
    """headline id -> id -> query, with dbt's variables in their place."""
    nodes = dbt.manifest.nodes.values()
    return {
        node.name.removeprefix("kpi_"): node.config.meta.get("explain", {})
        for node in nodes
        if node.resource_type == "model" and node.name.startswith("kpi_")
    }


def bound(query: str, start: date, end: date) -> dict[str, date]:
    """The parameters that a query names: a balance needs the end alone."""
    values = {"period_start": start, "period_end": end}
    return {name: value for name, value in values.items() if f"${name}" in query}


def test_every_id_has_an_explain_in_its_own_file(explains: Mapping[str, Mapping[str, str]]) -> None:
    wanted = {(kpi.headline_id, kpi.kpi_id) for kpi in KPIS}
    written = {(headline, kpi_id) for headline, queries in explains.items() for kpi_id in queries}
    wanted |= {("cohort_retention",) * 2, ("rfm_segment",) * 2}
    assert not wanted - written, "ids of seeds/kpi_catalog.csv without an explain query"
    assert not written - wanted, "explain queries of ids that the file does not have"


def test_the_scorecard_page_shows_the_queries_that_run(
    explains: Mapping[str, Mapping[str, str]],
) -> None:
    shown, _ = explanations(project_vars())
    assert shown == {
        kpi_id: " ".join(query.split())
        for queries in explains.values()
        for kpi_id, query in queries.items()
    }


def test_customers_of_a_cohort_add_up_to_its_cells(
    company: duckdb.DuckDBPyConnection, explains: Mapping[str, Mapping[str, str]]
) -> None:
    query = explains["cohort_retention"]["cohort_retention"]
    cells = company.execute(
        "select cohort_month, k, numerator, denominator from kpis.kpi_cohort_retention"
        " where numerator is not null order by all"
    ).fetchall()
    months = sorted({month for month, *_ in cells})
    found = []
    for month in months:
        end = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        found += company.execute(
            "select $period_start, k, sum(numerator), sum(denominator)"
            f" from ({query}) as explained group by all",
            {"period_start": month, "period_end": end},
        ).fetchall()
    assert len(cells) > 100
    # The month that still runs has rows, and no cell to compare.
    assert set(cells) <= set(found)


def test_orders_of_a_window_are_those_of_the_scored_buyers(
    company: duckdb.DuckDBPyConnection, explains: Mapping[str, Mapping[str, str]]
) -> None:
    query = explains["rfm_segment"]["rfm_segment"]
    windows = company.execute(
        "select period_start, period_end, closing_date from marts.dim_periods"
        " where grain = 'rolling_12m' order by all"
    ).fetchall()
    compared = 0
    for start, end, snapshot in windows:
        buyers = company.execute(
            "with buyers as (select account_id, max(ordered_date) as r, sum(denominator) as f,"
            f" sum(numerator) as m from ({query}) as explained group by all)"
            " select account_id, cast(1 + floor(5 * (rank() over (order by r) - 1)"
            " / cast(count(*) over () as double)) as integer) from buyers order by all",
            {"period_start": start, "period_end": end},
        ).fetchall()
        scored = company.execute(
            "select account_id, r from kpis.kpi_rfm_segment where snapshot = ? order by all",
            [snapshot],
        ).fetchall()
        assert buyers == scored
        compared += len(scored)
    assert compared


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.kpi_id)
def test_rows_add_up_to_the_published_number(
    kpi: Kpi, company: duckdb.DuckDBPyConnection, explains: Mapping[str, Mapping[str, str]]
) -> None:
    query = explains[kpi.headline_id][kpi.kpi_id]
    names = set(re.findall(r"\$(\w+)", query))
    assert names, "the query names no period"
    assert names <= {"period_start", "period_end"}, names
    tables = company.get_table_names(re.sub(r"\$\w+", "date '2025-01-01'", query), qualified=True)
    assert tables, "the query reads no table"
    assert {table.split(".")[0] for table in tables} <= set(PUBLISHED_SCHEMAS), tables

    where = "grain = $grain and dim_name = 'all'" if kpi.grain else "dim_name = 'goal'"
    values = {"kpi_id": kpi.kpi_id} | ({"grain": kpi.grain} if kpi.grain else {})
    periods = company.execute(
        "select period_start, period_end, sum(numerator), sum(denominator) from kpis.kpi_values"
        f" where kpi_id = $kpi_id and status <> 'no_data' and {where} group by all order by 1, 2",
        values,
    ).fetchall()
    wrong, told = [], False
    for start, end, *published in periods:
        added = company.execute(
            f"select sum(numerator), sum(denominator) from ({query}) as explained",
            bound(query, start, end),
        ).fetchone()
        assert added is not None
        told = told or any(published)
        for side, want, have in zip(("numerator", "denominator"), published, added, strict=True):
            if not agree(want, have):
                wrong.append(f"{start}: {side} {want}, the rows add up to {have}")
    assert not wrong, f"{len(wrong)} of {len(periods)} periods\n" + "\n".join(wrong[:6])
    if kpi.kpi_id == "cac_lagged" and not periods:
        pytest.skip("there is no lag")
    assert periods, "nothing is published"
    assert told or kpi.kpi_id in QUIET, "nothing but zeros: the company cannot show it"


def agree(want: Any, have: Any) -> bool:
    """Equal to a billionth; no rows add up to nothing, and an unknown side is the sum of no row."""
    if want is None or have is None:
        return not want and not have
    return same(want, have)
