"""The truth agrees with itself: roll-forward, identities, bounds."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest

Table = dict[str, dict[str, tuple[Decimal, Decimal | None]]]


@pytest.fixture(scope="module")
def truth(company: object) -> Table:
    table: Table = {}
    with (company.truth / "kpi_truth.csv").open() as file:  # type: ignore[attr-defined]
        for row in csv.DictReader(file):
            denominator = Decimal(row["denominator"]) if row["denominator"] else None
            table.setdefault(row["kpi_id"], {})[row["period_start"]] = (
                Decimal(row["numerator"]),
                denominator,
            )
    return table


def test_every_kpi_has_every_month(truth: Table) -> None:
    assert {len(months) for months in truth.values()} == {36}
    assert {min(months) for months in truth.values()} == {"2023-01-01"}
    assert len(truth) == 34


def test_monthly_recurring_revenue_rolls_forward(truth: Table) -> None:
    opening = Decimal(0)
    for month, (closing, _) in sorted(truth["mrr"].items()):
        moved = {name: truth[name][month][0] for name in truth if name.endswith("_mrr")}
        gains = moved["new_mrr"] + moved["reactivation_mrr"] + moved["expansion_mrr"]
        losses = moved["contraction_mrr"] + moved["churned_mrr"]
        assert opening + gains - losses + moved["fx_mrr"] == closing, month
        assert gains - losses == moved["net_new_mrr"], month
        assert all(
            value >= 0 for name, value in moved.items() if name not in ("fx_mrr", "net_new_mrr")
        )
        opening = closing


def test_every_movement_occurs(truth: Table) -> None:
    for name in truth:
        if name.endswith("_mrr"):
            assert any(value for value, _ in truth[name].values()), name


def test_retention_and_churn_are_one_and_open_with_the_last_closing(truth: Table) -> None:
    opening = Decimal(0)
    for month in sorted(truth["mrr"]):
        churned, of = truth["customer_churn_rate"][month]
        kept, also_of = truth["customer_retention_rate"][month]
        assert churned + kept == of == also_of == opening, month
        opening = truth["active_customers"][month][0]
    assert opening > 0


def test_customers_are_the_new_and_returned_less_the_lost(truth: Table) -> None:
    new = sum(value for value, _ in truth["new_customers"].values())
    lost = sum(value for value, _ in truth["customer_churn_rate"].values())
    last = truth["active_customers"][max(truth["mrr"])][0]
    # Returned customers are in neither, and some come and go within a month.
    assert last >= new - lost - new // 10
    assert [d for _, d in truth["customer_acquisition_cost"].values()] == [
        n for n, _ in truth["new_customers"].values()
    ]


def test_ratios_stay_in_their_bounds(truth: Table) -> None:
    for name in (
        "lead_to_customer_rate",
        "win_rate",
        "win_rate_value",
        "customer_satisfaction_score",
    ):
        assert all(of is not None and 0 <= part <= of for part, of in truth[name].values()), name
        assert any(0 < part < (of or 0) for part, of in truth[name].values()), name
    for month, (score, responses) in truth["net_promoter_score"].items():
        promoters, passives, detractors = (
            truth[f"nps_{kind}"][month][0] for kind in ("promoters", "passives", "detractors")
        )
        assert promoters + passives + detractors == responses
        assert promoters - detractors == score


def test_business_minutes_are_never_more_than_all_minutes(truth: Table) -> None:
    for month, (minutes, count) in truth["first_response_time"].items():
        business, same = truth["first_response_time_business"][month]
        assert 0 <= business <= minutes, month
        assert count == same
    assert sum(value for value, _ in truth["first_response_time_business"].values()) > 0
