"""The independent calculation reproduces every worked example of the contract."""

from __future__ import annotations

from typing import Any

import pytest

from .book import Key, Row
from .calculate import calculate, calculate_tables
from .catalog import CATALOG
from .examples import Example, Expected, examples

EXAMPLES = examples()
MONEY = 0.005
RATIO = 1e-9
# Printed with six decimals because the root is irrational.
SHOWN = {"nps_margin_of_error": 5e-7}
AMOUNTS = """
    mrr arr arpa arpu cogs cogs_periodic cogs_variance upsell_mrr net_new_mrr clv_revenue clv_capped
    customer_lifetime_value customer_acquisition_cost cac_marketing_only cost_per_acquisition
    average_order_value average_deal_size revenue_per_salesperson sales_velocity
""".split()  # noqa: SIM905 - a list of names reads better as words


def tolerance(kpi_id: str) -> float:
    money = kpi_id in AMOUNTS or kpi_id.endswith(("_mrr", "_amount"))
    return SHOWN.get(kpi_id, MONEY if money else RATIO)


def row_of(rows: dict[Key, Row], expected: Expected) -> Row:
    key = Key(*expected[:5])
    assert key in rows, f"no row {key}"
    return rows[key]


def agrees(actual: Any, printed: Any, within: float) -> bool:
    if actual is None or printed is None:
        return actual is printed
    return abs(float(actual) - float(printed)) <= within


@pytest.mark.parametrize("example", EXAMPLES, ids=[e.id for e in EXAMPLES])
def test_the_printed_numbers_are_reproduced(example: Example) -> None:
    rows = calculate(example.entities, as_of=example.as_of, params=example.params)
    for expected in example.expected:
        row = row_of(rows, expected)
        kpi_id, numerator, denominator, value = expected[0], *expected[5:]
        assert agrees(row.value, value, tolerance(kpi_id)), (expected, row)
        if numerator is not None:
            assert agrees(row.numerator, numerator, MONEY), (expected, row)
        if denominator is not None:
            assert agrees(row.denominator, denominator, RATIO), (expected, row)
    for expected in example.wrong:
        assert not agrees(row_of(rows, expected).value, expected[7], 5e-4), expected
    for name, counts in (
        ("rejected_rows", example.rejected),
        ("censored_rows", example.censored),
        ("is_mature", example.mature),
    ):
        for (kpi_id, grain, start), count in counts.items():
            row = rows[Key(kpi_id, grain, start, "all", "all")]
            assert getattr(row, name) == count, (name, kpi_id, row)


@pytest.mark.parametrize(
    "example", [e for e in EXAMPLES if e.tables], ids=[e.id for e in EXAMPLES if e.tables]
)
def test_the_printed_tables_are_reproduced(example: Example) -> None:
    tables = calculate_tables(example.entities, as_of=example.as_of, params=example.params)
    for name, printed in example.tables.items():
        for cells in printed:
            assert any(cells.items() <= row.items() for row in tables[name]), (cells, tables[name])


def test_every_id_is_calculated() -> None:
    rows = calculate({}, as_of=EXAMPLES[0].as_of, params=EXAMPLES[0].params)
    missing = set(CATALOG) - {k.kpi_id for k in rows} - {"goal_attainment", "cac_lagged"}
    assert not missing
    assert {r.status for r in rows.values()} == {"no_data"}
