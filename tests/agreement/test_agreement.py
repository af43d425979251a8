"""Random companies: every row of the warehouse is the independent calculation's, and no other."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle.calculate import calculate, calculate_tables
from oracle.catalog import CATALOG
from oracle.companies import Case, random_case

from orchestration.home import PROJECT_ROOT

from .warehouse import (
    MODELS_AND_DATA_TESTS,
    TABLES,
    Dbt,
    Entities,
    broken,
    deliver,
    differences,
    failed,
    read,
    read_table,
    run_company,
    same,
    summary,
)

# Entities without which no company makes sense, or whose absence a gate stops.
# Without any stage history the warehouse reads the flags of the record (DECISIONS.md), which the
# independent calculation does not.
NEVER_DROPPED = {
    "account",
    "staff",
    "fx_rate",
    "product_cost",
    "order_line",
    "invoice_line",
    "opportunity_stage_event",
}


def loaded(entities: Entities) -> Entities:
    """What reaches the warehouse: an entity without rows has no file."""
    return {entity: rows for entity, rows in entities.items() if rows}


def compare(dbt: Dbt, home: Path, entities: Entities, as_of: datetime, params: Any) -> int:
    """Compare all rows of a company; the number of rows compared."""
    have = run_company(dbt, home, entities, as_of, params)
    want = calculate(loaded(entities), as_of=as_of, params=params)
    found = differences(want, have)
    assert not found, summary(found)
    tables = calculate_tables(loaded(entities), as_of=as_of, params=params)
    compare_tables(tables, home / "build.duckdb")
    return len(have)


def compare_tables(tables: dict[str, list[dict[str, Any]]], database: Path) -> None:
    """cohort_retention and rfm_segment, which are no rows of kpi_values."""
    want = {(str(r["cohort_month"])[:7], r["k"]): r for r in tables["cohort_retention"]}
    have = {
        (str(r["cohort_month"])[:7], r["k"]): r for r in read_table(database, "cohort_retention")
    }
    assert want.keys() == have.keys()
    for key, row in want.items():
        for field in ("numerator", "denominator", "value"):
            assert same(row[field], have[key][field]), (key, field, row, have[key])


def dropped(case: Case, seed: int) -> Entities:
    """The company with some feeds never delivered."""
    random = Random(seed)
    candidates = sorted(set(loaded(case.entities)) - NEVER_DROPPED)
    gone = set(random.sample(candidates, random.randint(1, 6)))
    return {entity: rows for entity, rows in case.entities.items() if entity not in gone}


def test_both_sides_know_the_same_kpis() -> None:
    with (PROJECT_ROOT / "seeds" / "kpi_catalog.csv").open(encoding="utf-8") as file:
        rows = {row["kpi_id"]: row for row in csv.DictReader(file)}
    assert rows.keys() - TABLES == CATALOG.keys()
    for kpi_id, spec in CATALOG.items():
        if kpi_id != "goal_attainment":
            assert set(rows[kpi_id]["grains"].split()) == set(spec.grains), kpi_id
            assert set(rows[kpi_id]["slices"].split()) == set(spec.dims), kpi_id


# The three cover both customer models, both changes of the clocks, and a history of two years.
@pytest.mark.parametrize(("seed", "size"), [(2, 1), (3, 2)])
def test_a_random_company(dbt: Dbt, tmp_path: Path, seed: int, size: int) -> None:
    case = random_case(seed, size)
    assert compare(dbt, tmp_path / "home", case.entities, case.as_of, case.params) > 20_000


def test_a_company_without_some_feeds(dbt: Dbt, tmp_path: Path) -> None:
    case = random_case(1, 1)
    compare(dbt, tmp_path / "home", dropped(case, 1), case.as_of, case.params)


def test_costs_that_nobody_delivered_are_unknown(dbt: Dbt, tmp_path: Path) -> None:
    """Orders without product costs or expenses have no margin, rather than one of 100 % (G-13)."""
    case = random_case(2, 1)
    entities = {k: v for k, v in case.entities.items() if k not in ("product_cost", "expense")}
    have = run_company(
        dbt, tmp_path / "home", entities, case.as_of, case.params, ["cogs", "gross_margin"]
    )
    for kpi_id in ("cogs", "gross_margin"):
        rows = {(v.status, v.numerator, v.value) for k, v in have.items() if k.kpi_id == kpi_id}
        assert rows == {("no_data", None, None)}, kpi_id


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("block", range(10))
def test_many_random_companies(dbt: Dbt, tmp_path: Path, block: int) -> None:
    for seed in range(100 + 6 * block, 106 + 6 * block):
        case = random_case(seed, 1 + seed % 4)
        entities = case.entities if seed % 3 else dropped(case, seed)
        compare(dbt, tmp_path / f"home{seed}", entities, case.as_of, case.params)


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_companies_that_hypothesis_draws(dbt: Dbt, tmp_path: Path) -> None:
    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        seed=st.integers(0, 2**32 - 1),
        size=st.integers(1, 3),
        drop=st.booleans(),
        zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
        basis=st.sampled_from(["cart", "checkout", "form"]),
        fiscal=st.sampled_from([1, 1, 4, 11]),
    )
    def holds(seed: int, size: int, drop: bool, zone: str, basis: str, fiscal: int) -> None:
        case = random_case(seed, size)
        more = {
            "reporting_timezone": zone,
            "abandonment_basis": basis,
            "fiscal_year_start_month": fiscal,
        }
        entities = dropped(case, seed) if drop else case.entities
        compare(dbt, tmp_path / "home", entities, case.as_of, case.params | more)

    holds()


def test_the_data_tests_pass_on_a_random_company(dbt: Dbt, tmp_path: Path) -> None:
    """The invariants of contract section 8 that are about data, as gate 2 runs them."""
    case = random_case(5, 2)
    home = tmp_path / "home"
    deliver(home, case.entities)
    nodes = dbt.build(home, case.as_of, case.params, *MODELS_AND_DATA_TESTS)
    assert not broken(nodes), broken(nodes)
    assert not failed(nodes), failed(nodes)
    want = calculate(loaded(case.entities), as_of=case.as_of, params=case.params)
    found = differences(want, read(home / "build.duckdb"))
    assert not found, summary(found)
