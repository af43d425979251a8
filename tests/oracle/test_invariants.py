"""The invariants of contract section 8 hold for the independent calculation on random companies."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import pytest

from .book import Key
from .calculate import calculate
from .catalog import CATALOG
from .companies import Case, random_case
from .identity import MergeCycle
from .periods import Calendar

SEEDS = range(6)
Rows = dict[Key, Any]
UNIT_INTERVAL = """
    customer_retention_rate customer_churn_rate renewal_rate upsell_rate conversion_rate
    lead_to_customer_rate lead_to_sale_conversion_rate cart_abandonment_rate
    checkout_abandonment_rate form_abandonment_rate first_contact_resolution
    customer_satisfaction_score sales_forecast_accuracy pipeline_visibility_rate
    repeat_information_rate sla_attainment gross_revenue_retention win_rate reopen_rate
    bot_resolution_rate trial_conversion_rate survey_response_rate repeat_purchase_rate
""".split()  # noqa: SIM905
# Values that are not numerator over denominator by 12.1, with the scale of those that are.
OWN_FORMULA = ["sales_forecast_accuracy", "sales_forecast_accuracy_net", "nps_margin_of_error"]
OWN_FORMULA += [f"forecast_accuracy_week_{k}" for k in (1, 2, 3, 4)]
SCALE = {"net_promoter_score": 100}
# A member of these may hold several values of the dimension, or the slice is published in part.
NOT_SUMMED = {
    ("upsell_rate", "product"),
    ("cross_sell_rate", "product"),
    ("upsell_mrr", "product"),
    ("average_handle_time", "agent"),
    ("average_handle_time", "team"),
    ("tickets_solved_per_agent", "team"),
    ("customer_acquisition_cost", "acquisition_channel"),
    ("cac_marketing_only", "acquisition_channel"),
    ("cac_lagged", "acquisition_channel"),
}
OUTCOMES = {("referral_rate", "referrer_type"), ("referral_rate", "referrer")}
OUTCOMES |= {("customer_churn_rate", "churn_subtype"), ("agent_productivity", "channel")}
OUTCOMES |= {("first_contact_resolution", "never")}


@cache
def case(seed: int) -> Case:
    return random_case(seed, 1)


@cache
def rows_of(seed: int) -> Rows:
    it = case(seed)
    return calculate(it.entities, as_of=it.as_of, params=it.params)


def pieces(rows: Rows, kpi_id: str, grain: str) -> dict[tuple[Any, str, str], Any]:
    return {k[2:]: r for k, r in rows.items() if k.kpi_id == kpi_id and k.grain == grain}


@pytest.mark.parametrize("seed", SEEDS)
def test_opening_plus_movements_is_closing(seed: int) -> None:
    """V01 and V02, in total and for every customer slice; transfers sum to nothing."""
    rows, it = rows_of(seed), case(seed)
    calendar = Calendar(
        it.params["reporting_timezone"], it.as_of, it.params.get("fiscal_year_start_month", 1)
    )
    closing = pieces(rows, "mrr", "month")
    signs = {
        "new_mrr": 1,
        "reactivation_mrr": 1,
        "expansion_mrr": 1,
        "contraction_mrr": -1,
        "churned_mrr": -1,
        "fx_mrr": 1,
        "transfer_mrr": 1,
    }
    moves = {k: pieces(rows, k, "month") for k in signs}
    own = ("product", "plan", "billing_interval", "currency")
    keys = {k for p in (closing, *moves.values()) for k in p if k[1] not in own}
    checked = 0
    for start, dim, member in keys:
        before = calendar.previous(calendar.containing("month", start)).start
        opening = closing.get((before, dim, member))
        total = opening.value if opening else Fraction(0)
        for kpi_id, sign in signs.items():
            move = moves[kpi_id].get((start, dim, member))
            total += sign * move.value if move else 0
        end = closing.get((start, dim, member))
        assert abs(total - (end.value if end else 0)) <= Fraction(5, 1000), (start, dim, member)
        checked += 1
    assert checked > 20
    for (_, dim, _), row in moves["transfer_mrr"].items():
        assert dim != "all" or row.value == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_values_stay_in_their_bounds(seed: int) -> None:
    """V03, V04, V05, V06, V07 and V11."""
    rows = rows_of(seed)
    for key, row in rows.items():
        value, kpi_id = row.value, key.kpi_id
        if row.status == "no_data":
            assert value is None
            continue
        if kpi_id in UNIT_INTERVAL and value is not None:
            assert 0 <= value <= 1, (key, row)
        if kpi_id == "customer_churn_rate" and key.dim_name != "churn_subtype":
            other = rows[key._replace(kpi_id="customer_retention_rate")]
            assert (value is None) == (other.value is None)
            assert value is None or value + other.value == 1
        if kpi_id == "gross_revenue_retention" and value is not None:
            assert value <= rows[key._replace(kpi_id="net_revenue_retention")].value
        if kpi_id == "net_promoter_score" and value is not None:
            assert -100 <= value <= 100
        if row.denominator == 0:
            assert value is None, (key, row)
        elif value is not None and row.denominator is not None and kpi_id not in OWN_FORMULA:
            assert value == SCALE.get(kpi_id, 1) * row.numerator / row.denominator, (key, row)
        if CATALOG[kpi_id].klass == "duration" and value is not None:
            assert value >= 0, (key, row)
        if kpi_id.endswith("_p50") and value is not None:
            assert value <= rows[key._replace(kpi_id=kpi_id[:-3] + "p90")].value
        if kpi_id == "first_response_time_business" and key.dim_name == "all" and value:
            assert row.numerator <= rows[key._replace(kpi_id="first_response_time")].numerator


@pytest.mark.parametrize("seed", SEEDS)
def test_slices_add_up_to_the_whole(seed: int) -> None:
    """V08: flows, balances, ratios, durations and cohorts, unknown members included; and G-23."""
    rows = rows_of(seed)
    sums: dict[Key, list[Any]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for key, row in rows.items():
        spec = CATALOG[key.kpi_id]
        special = spec.klass in ("distinct", "compound") or (key.kpi_id, key.dim_name) in NOT_SUMMED
        if key.dim_name in ("all", "goal") or special or row.numerator is None:
            continue
        pair = sums[key._replace(dim_value="")]
        pair[0] += row.numerator
        pair[1] += row.denominator or 0
    assert len(sums) > 100
    for key, (top, bottom) in sums.items():
        whole = rows[key._replace(dim_name="all", dim_value="all")]
        if key.kpi_id == "transfer_mrr":
            assert top == 0
        elif key.kpi_id == "clv_historical":
            continue
        else:
            assert top == whole.numerator, (key, top, whole)
            if (key.kpi_id, key.dim_name) not in OUTCOMES:
                assert bottom == (whole.denominator or 0), (key, bottom, whole)


@pytest.mark.parametrize("seed", SEEDS)
def test_flows_add_over_months_and_distinct_counts_do_not(seed: int) -> None:
    """V09 and V10."""
    rows = rows_of(seed)
    months: dict[Key, list[Any]] = defaultdict(list)
    it = case(seed)
    calendar = Calendar(
        it.params["reporting_timezone"], it.as_of, it.params.get("fiscal_year_start_month", 1)
    )
    for key, row in rows.items():
        if key.grain == "month":
            quarter = calendar.containing("quarter", key.period_start).start
            months[key._replace(grain="quarter", period_start=quarter)].append(row)
    compared = 0
    for key, parts in months.items():
        spec = CATALOG[key.kpi_id]
        if key not in rows or "upsell" in key.kpi_id or key.kpi_id in ("cogs_periodic",):
            continue
        if spec.klass == "flow" and not key.kpi_id.startswith(("cogs_", "unforecast")):
            assert sum(p.numerator for p in parts) == rows[key].numerator, key
            compared += 1
        if key.kpi_id in ("purchase_frequency", "net_promoter_score"):
            counts = [p.denominator for p in parts]
            assert max(counts) <= rows[key].denominator <= sum(counts), key
    assert compared > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_excluded_and_repeated_rows_change_nothing(seed: int) -> None:
    """V15 and V18: other arrival order, repeated delivery, test and deleted records."""
    it = case(seed)
    entities = {k: list(v) for k, v in it.entities.items()}
    for name, rows in entities.items():
        if name not in ("account", "ticket"):
            rows.extend(dict(r) for r in rows[: len(rows) // 2])
    entities["account"].append(dict(entities["account"][0]) | {"account_id": "t", "is_test": True})
    for name, column in (("order", "order_id"), ("subscription", "subscription_id")):
        twin = dict(entities[name][0]) | {"account_id": "t", column: "test"}
        entities[name].append(twin)
    line = dict(entities["order_line"][0]) | {"line_id": "test", "order_id": "test"}
    entities["order_line"].append(line)
    entities["subscription_version"].append(
        dict(entities["subscription_version"][0]) | {"subscription_id": "test"}
    )
    for name, key, flag in (
        ("lead", "lead_id", "is_test"),
        ("lead", "lead_id", "is_deleted"),
        ("ticket", "ticket_id", "is_spam"),
        ("opportunity", "opportunity_id", "is_deleted"),
        ("survey_response", "response_id", "is_test"),
        ("web_event", "event_id", "is_bot"),
    ):
        entities[name].append(
            dict(entities[name][0]) | {key: f"extra {flag}", flag: True, "merged_into_id": None}
        )
    shuffled = Random(seed)
    for name, rows in entities.items():
        if name != "account":
            shuffled.shuffle(rows)
    assert calculate(entities, as_of=it.as_of, params=it.params) == rows_of(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_scaled_amounts_scale_currency_and_leave_ratios(seed: int) -> None:
    """V17, with a factor that keeps every rounded amount exact."""
    it = case(seed)
    columns = [
        "amount",
        "unit_price",
        "discount",
        "amount_off",
        "amount_ex_tax",
        "unit_cost",
        "value",
        "cost",
        "monthly_value",
    ]
    entities = {
        name: [
            {c: v * 10 if c in columns and isinstance(v, Decimal) else v for c, v in row.items()}
            for row in rows
        ]
        for name, rows in it.entities.items()
        if name != "goal"
    }
    scaled: Rows = calculate(entities, as_of=it.as_of, params=it.params)
    before: Rows = rows_of(seed)
    for kpi_id, factor in (
        ("mrr", 10),
        ("cogs", 10),
        ("arpu", 10),
        ("open_pipeline_amount", 10),
        ("net_revenue_retention", 1),
        ("win_rate_value", 1),
        ("customer_churn_rate", 1),
    ):
        for key, row in before.items():
            if key.kpi_id == kpi_id and row.value is not None:
                # Rounding to four places shifts by at most half a unit for every row.
                gap = abs(float(scaled[key].value) - factor * float(row.value))
                assert gap <= 1e-3 * factor, (key, scaled[key], row)


def test_maturity_flips_exactly_when_the_window_has_passed() -> None:
    leads = case(0).entities["lead"]
    zone = Calendar("Europe/Berlin", case(0).as_of)
    month = zone.containing("month", zone.day(min(x["created_at"] for x in leads)))
    flips = zone.midnight(month.end + timedelta(days=90))
    for as_of, expected in ((flips - timedelta(microseconds=1), False), (flips, True)):
        rows = calculate({"lead": leads, "order": []}, as_of=as_of, params={})
        key = Key("lead_to_customer_rate", "month", month.start, "all", "all")
        assert rows[key].is_mature is expected


def test_a_merge_in_a_circle_stops_the_calculation() -> None:
    accounts = [
        {"account_id": "a", "merged_into_id": "b"},
        {"account_id": "b", "merged_into_id": "a"},
    ]
    with pytest.raises(MergeCycle):
        calculate({"account": accounts}, as_of=case(0).as_of, params={})
