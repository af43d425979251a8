"""A subscription business added as a new source, against published figures.

The publisher adds up the MRR of every subscription that was open on any day of December 2024. The
contract's MRR is a balance: what is in force just before the month ends (4.A1, G-05). The bridge
between the two is the MRR of what ended within December; both sides and the bridge are computed
here, from the file and from the release.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from acceptance_data import dataset, headlines, records


def published(kpi: str) -> str:
    return headlines()[("ravenstack_saas", kpi)]


@pytest.fixture(scope="module")
def ravenstack(project_with: Callable[[str, str], Any]) -> Any:
    raw = dataset("ravenstack_saas")
    night = project_with(
        "ravenstack",
        "[account, subscription, subscription_version, ticket, ticket_status_event,"
        " ticket_message, survey_response]",
    )
    # Amounts are in dollars and there are no rates: dollars are what this home reports in.
    night.settings("reporting_currency: USD\n")
    tables = ("accounts", "subscriptions", "support_tickets")
    night.deliver({table: raw / f"ravenstack_{table}.csv" for table in tables})
    night.refresh("2025-01-01")
    return night


@pytest.fixture(scope="module")
def subscriptions() -> list[tuple[str, str, Decimal]]:
    """(start, end or '', MRR) of every record, read without the warehouse."""
    rows = records(dataset("ravenstack_saas") / "ravenstack_subscriptions.csv")
    return [(row["start_date"], row["end_date"], Decimal(row["mrr_amount"])) for row in rows]


def test_every_record_is_loaded(ravenstack: Any) -> None:
    loaded = ravenstack.published(
        "select entity, records, rows_loaded, rows_rejected from meta.feed_load"
        " where source = 'ravenstack' order by 1"
    )
    assert loaded == [
        ("accounts", 500, 500, 0),
        ("subscriptions", 5000, 5000, 0),
        ("support_tickets", 2000, 2000, 0),
    ]


def test_mrr_is_the_closing_balance_and_the_publishers_overlap_is_one_bridge_away(
    ravenstack: Any, subscriptions: list[tuple[str, str, Decimal]]
) -> None:
    first, last = "2024-12-01", "2024-12-31"
    overlapping = [
        (end, mrr)
        for start, end, mrr in subscriptions
        if start <= last and not (end and end < first)
    ]
    overlap = sum(mrr for _, mrr in overlapping)
    assert f"{overlap} over {len(overlapping)} records" == published("mrr")

    ended_in_december = [mrr for end, mrr in overlapping if end]
    assert (len(ended_in_december), sum(ended_in_december)) == (193, 574_643)

    [(closing, status)] = ravenstack.published(
        "select value, status from kpis.kpi_values where kpi_id = 'mrr' and grain = 'month'"
        " and dim_name = 'all' and period_start = date '2024-12-01'"
    )
    assert status == "ok"
    assert float(closing) == pytest.approx(10_159_608, abs=0.005)
    assert float(closing) == pytest.approx(float(overlap - sum(ended_in_december)), abs=0.005)


def test_mrr_of_every_month_is_the_balance_at_its_end(
    ravenstack: Any, subscriptions: list[tuple[str, str, Decimal]]
) -> None:
    rows = ravenstack.published(
        "select cast(period_end as varchar), value from kpis.kpi_values"
        " where kpi_id = 'mrr' and grain = 'month' and dim_name = 'all' and is_complete order by 1"
    )
    assert len(rows) == 24
    for close, value in rows:
        # In force just before the month closes: begun before it, and not ended earlier (G-05).
        expected = sum(
            mrr for start, end, mrr in subscriptions if start < close and not (end and end < close)
        )
        assert float(value) == pytest.approx(float(expected), abs=0.005), close


def test_first_response_time_is_the_published_mean(ravenstack: Any) -> None:
    minutes, tickets = ravenstack.total("first_response_time")
    assert tickets == 2000
    assert float(minutes / tickets) == pytest.approx(
        float(published("first_response_time")), abs=0.005
    )


def test_resolution_time_is_the_published_mean_in_minutes(ravenstack: Any) -> None:
    # The publisher counts hours, the contract minutes.
    minutes, tickets = ravenstack.total("average_resolution_time")
    assert tickets == 2000
    hours = float(minutes / tickets) / 60
    assert hours == pytest.approx(float(published("average_resolution_time")), abs=0.0005)


def test_satisfaction_is_a_share_and_the_published_mean_is_another_figure(ravenstack: Any) -> None:
    """The publisher's 3.981 is the mean of the scores; the contract's CSAT is the share of 4 and 5.

    A 3 is neutral and not satisfied, so the share says more than a mean of scores of which none is
    below 3. The mean is recomputed from the same rows, to show that they are all there.
    """
    scores = [
        Decimal(row["satisfaction_score"])
        for row in records(dataset("ravenstack_saas") / "ravenstack_support_tickets.csv")
        if row["satisfaction_score"]
    ]
    satisfied, responses = ravenstack.total("customer_satisfaction_score")
    assert (
        (satisfied, responses) == (sum(score >= 4 for score in scores), len(scores)) == (779, 1175)
    )

    [(mean, answers)] = ravenstack.staged(
        "select avg(score), count(*) from staging.stg_ravenstack__survey_responses"
    )
    assert answers == 1175
    assert float(mean) == pytest.approx(float(published("customer satisfaction")), abs=0.0005)
