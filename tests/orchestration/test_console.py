"""Numbers as people read them."""

import pytest

from orchestration.console import change, counted, quantity, size


@pytest.mark.parametrize(
    ("value", "unit", "kpi_id", "shown"),
    [
        (None, "ratio", "win_rate", "-"),
        (0, "ratio", "win_rate", "0.0 %"),
        (0.0833, "ratio", "customer_churn_rate", "8.3 %"),
        (3.25, "ratio", "ltv_cac_ratio", "3.25"),
        (1.85, "ratio", "pipeline_coverage", "1.85"),
        (39661.4, "currency", "mrr", "39,661 EUR"),
        (-66.07, "currency", "mrr_fx", "-66.07 EUR"),
        (12, "count", "new_customers", "12"),
        (0.5, "days", "sales_cycle_length", "0.5 d"),
    ],
)
def test_a_value_is_shown_in_its_unit(
    value: float | None, unit: str, kpi_id: str, shown: str
) -> None:
    assert quantity(value, unit, kpi_id, "EUR") == shown


@pytest.mark.parametrize(
    ("new", "old", "unit", "shown"),
    [
        (0.25, 0.20, "ratio", "+5.0 pp"),
        (90, 100, "currency", "-10.0 %"),
        (5, 0, "count", "+5.00"),
        (-10, -20, "score", "+10.00"),
        (None, 1, "count", "-"),
        (1, None, "count", "-"),
    ],
)
def test_a_change_is_points_for_shares_and_percent_for_positive_bases(
    new: float | None, old: float | None, unit: str, shown: str
) -> None:
    assert change(new, old, unit, "some_kpi") == shown


def test_counts_and_sizes_are_words() -> None:
    assert [counted(0, "row"), counted(1, "row"), counted(2345, "row")] == [
        "0 rows",
        "1 row",
        "2,345 rows",
    ]
    assert [size(999), size(40_120_320), size(2_500_000_000)] == ["999 B", "40.1 MB", "2.5 GB"]
