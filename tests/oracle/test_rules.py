"""Rules of the contract that no worked example shows, each with a number worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction as F
from typing import Any

import pytest

from .book import Key
from .calculate import calculate
from .examples import (
    APR,
    AS_OF,
    FEB,
    MAR,
    PARAMS,
    Entities,
    account_row,
    add,
    answer,
    at,
    complete,
    d,
    expense,
    message,
    n,
    order,
    owned_deal,
    refund,
    staff_row,
    status,
    submission,
    subscription,
    ticket,
    version_row,
)


def run(e: Entities, as_of: datetime = AS_OF, **params: Any) -> dict[Key, Any]:
    return calculate(complete(e), as_of=as_of, params=PARAMS | params)


def value(
    rows: dict[Key, Any],
    kpi_id: str,
    when: date = MAR,
    dim: tuple[str, str] = ("all", "all"),
    grain: str = "month",
) -> Any:
    row = rows.get(Key(kpi_id, grain, when, *dim))
    return row.value if row else "no row"


@pytest.mark.parametrize(
    ("interval", "count", "price", "monthly"),
    [
        ("day", 1, 12, F(365)),
        ("week", 1, 12, F(52)),
        ("month", 1, 30, F(30)),
        ("month", 3, 30, F(10)),
        ("year", 1, 120, F(10)),
        ("year", 2, 240, F(10)),
    ],
)
def test_prices_are_normalised_to_a_month(
    interval: str, count: int, price: int, monthly: F
) -> None:
    e: Entities = {}
    subscription(e, "A", "2025-03-01", price, interval=interval)
    e["subscription_version"][0]["interval_count"] = count
    assert value(run(e), "mrr") == monthly


def test_discounts_add_up_are_spread_by_price_and_capped() -> None:
    e: Entities = {}
    subscription(e, "A", "2025-03-01", 60)
    version_row(e, "s_A", "2025-03-01", 40, "i2", product_id="p2")
    for percent, amount, kind in (
        (10, None, "forever"),
        (None, 20, "repeating"),
        (50, None, "once"),
    ):
        add(
            e,
            "subscription_discount",
            subscription_id="s_A",
            percent_off=n(percent),
            amount_off=n(amount),
            duration=kind,
            starts_at=at("2025-03-01"),
            ends_at=None,
        )
    rows = run(e)
    assert value(rows, "mrr") == 70
    assert value(rows, "mrr", dim=("product", "p1")) == 60 - 6 - 12
    e["subscription_discount"][0]["percent_off"] = Decimal(95)
    assert value(run(e), "mrr") == 0


def test_yen_have_no_minor_unit() -> None:
    e: Entities = {}
    subscription(e, "A", "2025-03-01", 1200, currency="JPY")
    add(e, "fx_rate", rate_date=d("03-31"), from_currency="JPY", to_currency="EUR", rate=n("0.006"))
    assert value(run(e), "mrr") == F("7.2")


def test_past_due_is_involuntary_churn_after_dunning_days() -> None:
    e: Entities = {}
    subscription(e, "A", "2025-01-01", 10, past_due_since=at("2025-02-10 15:00"))
    rows = run(e)
    assert value(rows, "mrr", FEB) == 10
    # Thirty calendar days later, on 12 March at 15:00.
    assert value(rows, "mrr", d("03-11"), grain="day") == 10
    assert value(rows, "mrr", d("03-12"), grain="day") == 0
    assert value(rows, "customer_churn_rate", dim=("churn_subtype", "involuntary")) == 1


def test_the_pause_is_the_subtype_even_if_the_end_follows() -> None:
    e: Entities = {}
    subscription(e, "A", "2025-01-01", 10, "2025-03-25")
    add(
        e,
        "subscription_pause",
        subscription_id="s_A",
        paused_at=at("2025-03-10"),
        resumed_at=None,
    )
    assert value(run(e), "customer_churn_rate", dim=("churn_subtype", "pause")) == 1


def test_one_of_two_subscriptions_ending_is_contraction() -> None:
    e: Entities = {}
    subscription(e, "A", "2025-01-01", 10, "2025-03-10", key="one")
    subscription(e, "A", "2025-01-01", 15, key="two")
    rows = run(e)
    assert value(rows, "contraction_mrr") == 10
    assert value(rows, "churned_mrr") == 0
    assert value(rows, "customer_churn_rate") == 0


def test_announced_churn_is_pending_until_the_end() -> None:
    e: Entities = {}
    asked: dict[str, Any] = {"cancel_requested_at": at("2025-03-05")}
    subscription(e, "A", "2025-01-01", 10, "2025-04-20", **asked)
    subscription(e, "B", "2025-01-01", 10, "2025-04-20", key="b1", **asked)
    subscription(e, "B", "2025-01-01", 10, key="b2")
    rows = run(e)
    assert [value(rows, "pending_churn_count", m) for m in (FEB, MAR, APR)] == [0, 1, 0]


def test_a_deleted_subscription_churns_when_it_is_deleted() -> None:
    e: Entities = {}
    subscription(e, "A", "2025-01-01", 10, is_deleted=True, deleted_at=at("2025-03-10"))
    rows = run(e)
    assert value(rows, "mrr", FEB) == 10
    assert value(rows, "churned_mrr") == 10


def test_a_buyer_churns_when_the_last_order_leaves_the_window() -> None:
    e: Entities = {}
    order(e, "o", "A", "2025-01-10 12:00", 5)
    rows = run(e, activity_window_days=60)
    assert value(rows, "customer_churn_rate", FEB) == 0
    assert value(rows, "customer_churn_rate", dim=("churn_subtype", "voluntary")) == 1
    assert value(rows, "purchase_frequency", d("01-01")) == 1


def test_a_partial_refund_leaves_the_order_valid() -> None:
    e: Entities = {}
    order(e, "o", "A", "2025-03-10 12:00", 100)
    refund(e, "r", "o", "2025-03-12 12:00", 99)
    assert value(run(e), "average_order_value") == 100
    e["refund"][0]["amount_ex_tax"] = Decimal(100)
    assert value(run(e), "average_order_value") is None


def test_a_shared_successor_is_split_by_expiring_value() -> None:
    e: Entities = {}
    for key, amount, successor in (("a", 100, "new"), ("b", 300, "new"), ("new", 600, None)):
        add(
            e,
            "contract",
            contract_id=key,
            account_id="A",
            end_date=d("03-15") if successor else d("2027-03-15"),
            term_months=12,
            auto_renew_monthly=False,
            monthly_value=n(amount),
            currency="EUR",
            signed_at=at("2025-03-01"),
            renewed_by_contract_id=successor,
        )
    rows = run(e)
    assert value(rows, "renewal_rate") == 1
    assert value(rows, "renewal_rate_value") == 1
    assert value(rows, "renewal_rate_value_net") == F(600, 400)


def test_the_latest_touch_wins_even_if_it_is_unpaid() -> None:
    e: Entities = {}
    subscription(e, "A", "2025-03-20", 10)
    for i, (campaign, paid, day) in enumerate((("ads", True, "03-01"), ("mail", False, "03-10"))):
        add(e, "campaign", campaign_id=campaign, channel=campaign, is_paid=paid)
        add(
            e,
            "attribution",
            acquisition_id=f"q{i}",
            account_id="A",
            campaign_id=campaign,
            model="last_touch",
            attributed_at=at(f"2025-{day} 10:00"),
        )
    expense(e, "marketing", "03-05", 50, campaign_id="ads")
    rows = run(e)
    row = rows[Key("cost_per_acquisition", "month", MAR, "all", "all")]
    assert (row.numerator, row.denominator, row.value) == (50, 0, None)
    e["attribution"].pop()
    assert value(run(e), "cost_per_acquisition") == 50


def test_a_referral_blocks_the_next_for_the_days_of_the_window() -> None:
    e: Entities = {}
    add(e, "lead", lead_id="x", created_at=at("2024-01-10"), email="x@people.example", source=None)
    for i, when in enumerate(("2024-03-10 10:00", "2025-03-10 23:59", "2025-03-11 00:00")):
        add(
            e,
            "referral",
            referral_id=f"f{i}",
            referrer_type="partner",
            created_at=at(when),
            lead_id="x",
        )
    rows = run(e)
    # The first blocks 365 days, up to and with 10 March 2025.
    assert value(rows, "referral_count", d("2024-03-01")) == 1
    assert value(rows, "referral_count") == 1


def test_a_forecast_at_the_first_instant_of_the_period_is_too_late() -> None:
    e: Entities = {}
    owned_deal(e, "opp", "r1", 100)
    submission(e, "f", "r1", 100, "2025-03-01 00:00")
    rows = run(e)
    assert value(rows, "sales_forecast_accuracy") == 0
    assert value(rows, "unforecast_amount") == 100
    assert value(rows, "forecast_accuracy_week_1") == 1


def test_like_for_like_is_clipped_to_the_shorter_month() -> None:
    e: Entities = {}
    for day in ("02-01", "02-28", "03-01", "03-28", "03-29"):
        order(e, f"o{day}", "A", f"2025-{day} 12:00", 100 if day < "03" else 150)
    rows = run(e, at("2025-03-31 12:00"))
    assert value(rows, "sales_growth_rate") == F(300 - 200, 200)


def test_an_agents_time_is_divided_at_every_instant() -> None:
    e: Entities = {}
    for i, (start, end) in enumerate((("10:00", "10:30"), ("10:10", "10:30"), ("10:20", "10:40"))):
        add(
            e,
            "handle_segment",
            segment_id=f"h{i}",
            interaction_id=f"i{i}",
            ticket_id=None,
            agent_id="a1",
            channel="chat",
            kind="work",
            started_at=at(f"2025-03-05 {start}"),
            ended_at=at(f"2025-03-05 {end}"),
        )
    rows = run(e)
    row = rows[Key("average_handle_time", "month", MAR, "all", "all")]
    assert row.numerator == 40
    assert row.denominator == 3
    # 10 alone + 10 / 2 + 10 / 3 for the first; the last has 10 / 3 + 10.
    assert value(rows, "average_handle_time_p50") == F(40, 3)
    assert value(rows, "average_handle_time_p90") == F(40, 3) + F(8, 10) * (F(55, 3) - F(40, 3))


def schedule(e: Entities, opens: str, closes: str) -> None:
    for weekday in range(1, 8):
        add(
            e,
            "business_schedule",
            schedule_id="s",
            time_zone="Europe/Berlin",
            weekday=weekday,
            opens=opens,
            closes=closes,
        )


def test_business_minutes_on_the_day_the_clocks_go_forward() -> None:
    e: Entities = {}
    schedule(e, "00:00", "06:00")
    ticket(e, "t", "2025-03-29 23:00", schedule_id="s")
    message(e, "t", "agent", "2025-03-30 12:00")
    rows = run(e)
    assert value(rows, "first_response_time_business") == 300
    assert value(rows, "first_response_time") == 12 * 60
    add(e, "schedule_holiday", schedule_id="s", holiday_date=d("03-30"))
    assert value(run(e), "first_response_time_business") == 0


def test_business_targets_are_due_in_opening_hours() -> None:
    e: Entities = {}
    schedule(e, "09:00", "17:00")
    for key, replied in (("t1", "2025-03-06 09:30"), ("t2", "2025-03-06 09:31")):
        ticket(e, key, "2025-03-05 16:30", schedule_id="s")
        message(e, key, "agent", replied)
        add(
            e,
            "sla_target",
            ticket_id=key,
            metric="first_response",
            target_minutes=n(60),
            in_business_hours=True,
            applied_at=at("2025-03-05 16:30"),
        )
    assert value(run(e), "sla_attainment") == F(1, 2)


@pytest.mark.parametrize(
    ("cause", "reply", "solved_again", "good"),
    [
        ("customer_message", False, True, 1),
        ("customer_message", True, True, 0),
        ("customer_message", False, False, 0),
        ("agent", False, True, 0),
    ],
)
def test_a_thank_you_does_not_spoil_first_contact_resolution(
    cause: str, reply: bool, solved_again: bool, good: int
) -> None:
    e: Entities = {}
    ticket(e, "t", "2025-03-05 09:00")
    message(e, "t", "agent", "2025-03-05 10:00")
    status(e, "t", "solved", "2025-03-05 11:00")
    status(e, "t", "open", "2025-03-06 11:00", cause=cause)
    if reply:
        message(e, "t", "agent", "2025-03-06 12:00")
    if solved_again:
        status(e, "t", "solved", "2025-03-06 13:00")
    assert value(run(e), "first_contact_resolution") == good


@pytest.mark.parametrize(
    ("author", "public", "counts"),
    [
        ("agent", True, True),
        ("agent", False, False),
        ("bot", True, False),
        ("system", True, False),
        ("customer", True, False),
    ],
)
def test_only_a_public_message_of_an_agent_answers(author: str, public: bool, counts: bool) -> None:
    e: Entities = {}
    ticket(e, "t", "2025-03-05 09:00:59")
    message(e, "t", author, "2025-03-05 09:01:00", public=public)
    assert value(run(e), "first_response_time") == (F(1, 60) if counts else None)


def test_a_reply_before_the_ticket_is_rejected() -> None:
    e: Entities = {}
    ticket(e, "t", "2025-03-05 09:00")
    message(e, "t", "agent", "2025-03-05 08:00")
    row = run(e)[Key("first_response_time", "month", MAR, "all", "all")]
    assert (row.value, row.denominator, row.rejected_rows) == (None, 0, 1)


def test_satisfaction_pools_scales_but_never_scores() -> None:
    e: Entities = {}
    answer(e, "csat", "p1", 4, "2025-03-05 10:00")
    answer(e, "csat", "p2", 2, "2025-03-05 10:00", scale_max=3, survey_id="short")
    staff_row(e, "me")
    answer(e, "csat", "me", 5, "2025-03-05 10:00")
    rows = run(e)
    assert value(rows, "customer_satisfaction_score") == F(1, 2)
    assert value(rows, "csat_mean") is None
    assert value(rows, "csat_mean", dim=("scale", "1-3")) == 2


def test_the_latest_answer_of_a_slice_may_be_older_than_that_of_the_whole() -> None:
    e: Entities = {}
    answer(e, "nps", "p", 10, "2025-03-05 10:00", survey_id="first")
    answer(e, "nps", "p", 0, "2025-03-06 10:00", survey_id="second")
    rows = run(e)
    assert value(rows, "net_promoter_score") == -100
    assert value(rows, "net_promoter_score", dim=("survey", "first")) == 100


def test_zero_is_not_unknown() -> None:
    e: Entities = {}
    order(e, "o", "A", "2025-02-10 12:00", 100)
    order(e, "p", "A", "2025-04-10 12:00", 100)
    rows = run(e)
    assert value(rows, "cogs") == 0
    assert rows[Key("mrr", "month", MAR, "all", "all")].status == "no_data"
    stretch = {"covers_from": at("2025-02-01"), "covers_to": at("2025-02-15"), "loaded_at": AS_OF}
    e["feed_load"] = [stretch | {"entity": entity} for entity in ("order", "order_line")]
    partial = run(e)
    february = partial[Key("average_order_value", "month", FEB, "all", "all")]
    march = partial[Key("average_order_value", "month", MAR, "all", "all")]
    assert (february.status, february.value, february.is_complete) == ("low_sample", 100, False)
    assert (march.status, march.value) == ("no_data", None)


def test_facts_of_a_chain_of_merges_belong_to_the_last() -> None:
    e: Entities = {}
    subscription(e, "shell", "2025-01-01", 10, "2025-03-10")
    subscription(e, "last", "2025-03-10", 20)
    account_row(e, "shell", merged_into_id="middle", is_test=True)
    account_row(e, "middle", merged_into_id="last")
    rows = run(e)
    assert value(rows, "customer_retention_rate") == 1
    assert value(rows, "expansion_mrr") == 10
    assert value(rows, "new_mrr") == 0


def test_a_member_changed_in_the_month_is_a_transfer() -> None:
    e: Entities = {}
    subscription(e, "A", "2025-01-01", 10)
    for segment, start, end in (
        ("smb", "2024-01-01", "2025-03-15"),
        ("mid", "2025-03-15", None),
    ):
        add(
            e,
            "account_history",
            account_id="A",
            owner_id=None,
            segment=segment,
            region=None,
            valid_from=at(start),
            valid_to=at(end) if end else None,
        )
    rows = run(e)
    assert value(rows, "transfer_mrr", dim=("segment", "smb")) == -10
    assert value(rows, "transfer_mrr", dim=("segment", "mid")) == 10
    assert value(rows, "customer_retention_rate", dim=("segment", "smb")) == 1
    assert value(rows, "customer_retention_rate", dim=("segment", "mid")) == "no row"
