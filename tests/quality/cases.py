"""For every critical expectation: rows that trip it; and for every table rows that are in order."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
DAY = "2025-03-01T00:00:00Z"
LATER = "2025-04-01T00:00:00Z"


@dataclass(frozen=True)
class Case:
    """`rows` of `table` trip `check`; `row` is the record number that the message must name.

    `beside`: tables of which the rows that are in order are delivered too, because the check refers
    to them.
    """

    table: str
    check: str
    rows: list[Row]
    row: int = 1
    beside: tuple[str, ...] = field(default=())

    @property
    def id(self) -> str:
        return f"{self.table}-{self.check}"


def money(currency: str, **more: Any) -> Row:
    return {"currency": currency, **more}


def version(**more: Any) -> Row:
    return {
        "subscription_id": "s1", "item_id": "i1", "quantity": 1, "unit_price": 10,
        "currency": "EUR", "interval": "month", "interval_count": 1, "price_type": "recurring",
        "valid_from": DAY,
    } | more  # fmt: skip


def hours(**more: Any) -> Row:
    return {
        "schedule_id": "h1", "time_zone": "Europe/Berlin", "weekday": 1, "opens": "09:00",
        "closes": "12:00",
    } | more  # fmt: skip


def item(number: int = 1, **price: Any) -> Row:
    recurring = {"interval": "month", "interval_count": 1, "usage_type": "licensed"}
    return {
        "id": "si_1", "subscription": "sub_1", "quantity": 1,
        "price": json.dumps({"currency": "eur", "recurring": recurring} | price),
        "metadata": json.dumps({"version": str(number), "valid_from": str(1000 * number),
                                "valid_to": str(1000 * number + 1000)}),
    }  # fmt: skip


def sf(number: int) -> str:
    return f"001Ec0000{number:06d}IAA"


STRIPE_META = json.dumps({"crm_account_id": "A", "exported_at": "1"})
CLEAN: dict[str, list[Row]] = {
    "contract.account": [
        {"account_id": "A"},
        {"account_id": "B", "merged_into_id": "A", "country": "DE"},
    ],
    "contract.account_history": [
        {"account_id": "A", "valid_from": DAY, "valid_to": LATER},
        {"account_id": "A", "valid_from": LATER},
    ],
    "contract.staff": [{"user_id": "u1", "role": "agent"}],
    "contract.staff_assignment": [
        {"user_id": "u1", "role": "agent", "fte": 0.5, "valid_from": "2025-01-01",
         "valid_to": "2025-01-31"},
        {"user_id": "u1", "role": "agent", "fte": 1, "valid_from": "2025-02-01"},
    ],
    "contract.contact": [{"contact_id": "c1", "account_id": "A"}],
    "contract.lead": [
        {"lead_id": "L1", "created_at": DAY},
        {"lead_id": "L4", "created_at": DAY, "merged_into_id": "L1"},
    ],
    "contract.opportunity": [
        {"opportunity_id": "o1", "created_at": DAY, "type": "new", "amount": 10, "currency": "EUR",
         "probability": 0.5}
    ],
    "contract.opportunity_stage_event": [
        {"opportunity_id": "o1", "stage": "Won", "stage_order": 9, "entered_at": DAY}
    ],
    "contract.opportunity_snapshot": [
        {"snapshot_date": "2025-03-31", "opportunity_id": "o1", "amount": None, "probability": 0.2}
    ],
    "contract.opportunity_split": [
        {"opportunity_id": "o1", "user_id": "u1", "share": 0.6},
        {"opportunity_id": "o1", "user_id": "u2", "share": 0.4},
    ],
    "contract.forecast_submission": [
        {"forecast_id": "f1", "owner_id": "u1", "period_start": "2025-03-01",
         "period_grain": "month", "amount": 10, "submitted_at": DAY}
    ],
    "contract.quota": [
        {"user_id": "u1", "period_start": "2025-01-01", "period_end": "2025-04-01", "amount": 5}
    ],
    "contract.subscription": [{"subscription_id": "s1", "account_id": "A", "started_at": DAY}],
    "contract.subscription_version": [
        version(valid_to=LATER),
        version(valid_from=LATER, unit_price=20, interval="year"),
    ],
    "contract.subscription_discount": [
        {"subscription_id": "s1", "percent_off": 25, "duration": "repeating"}
    ],
    "contract.subscription_pause": [{"subscription_id": "s1", "paused_at": DAY}],
    "contract.contract": [
        {"contract_id": "k1", "account_id": "A", "end_date": "2025-03-10", "monthly_value": 100}
    ],
    "contract.invoice": [
        {"invoice_id": "i1", "account_id": "A", "issued_at": DAY, "status": "paid",
         "currency": "EUR"}
    ],
    "contract.invoice_line": [{"line_id": "l1", "invoice_id": "i1", "amount_ex_tax": 10}],
    "contract.order": [
        {"order_id": "o1", "account_id": "A", "ordered_at": DAY, "status": "paid"},
        {"order_id": "o3", "account_id": "A", "ordered_at": DAY, "status": "cancelled"},
    ],
    "contract.order_line": [
        {"line_id": "l1", "order_id": "o1", "quantity": 1, "unit_price": 10, "tax": 1.9}
    ],
    "contract.refund": [
        {"refund_id": "r1", "order_id": "o1", "amount_ex_tax": 5, "refunded_at": DAY}
    ],
    "contract.product_cost": [
        {"product_id": "p1", "unit_cost": 10, "valid_from": "2025-01-01", "valid_to": "2025-03-15"},
        {"product_id": "p1", "unit_cost": 12, "valid_from": "2025-03-15"},
    ],
    "contract.inventory_value": [{"snapshot_date": "2025-02-28", "product_id": "p1", "value": 200}],
    "contract.purchases": [{"purchase_date": "2025-03-02", "product_id": "p1", "cost": 120}],
    "contract.expense": [
        {"expense_id": "e1", "spent_on": "2025-03-03", "amount": 4000, "function": "marketing",
         "acquisition_share": 1},
        {"expense_id": "e2", "spent_on": "2025-03-03", "amount": -300, "function": "marketing"},
    ],
    "contract.campaign": [{"campaign_id": "c1", "channel": "search", "is_paid": "true"}],
    "contract.attribution": [{"account_id": "A", "campaign_id": "c1", "attributed_at": DAY}],
    "contract.ticket": [
        {"ticket_id": "t2", "created_at": DAY, "submitter_type": "customer"},
        {"ticket_id": "t7", "created_at": DAY, "submitter_type": "customer",
         "merged_into_id": "t2"},
    ],
    "contract.ticket_status_event": [{"ticket_id": "t2", "status": "solved", "changed_at": LATER}],
    "contract.ticket_message": [
        {"message_id": "m1", "ticket_id": "t2", "author_type": "agent", "is_public": "true",
         "sent_at": LATER}
    ],
    "contract.handle_segment": [
        {"segment_id": "g1", "interaction_id": "x1", "kind": "talk", "started_at": DAY,
         "ended_at": "2025-03-01T00:06:00Z"}
    ],
    "contract.agent_time": [
        {"agent_id": "u1", "work_date": "2025-03-03", "available_minutes": 480}
    ],
    "contract.business_schedule": [hours(), hours(opens="13:00", closes="17:00")],
    "contract.schedule_holiday": [{"schedule_id": "h1", "holiday_date": "2025-04-18"}],
    "contract.sla_target": [
        {"ticket_id": "t2", "metric": "first_response", "target_minutes": 60, "applied_at": DAY}
    ],
    "contract.survey_invitation": [{"invitation_id": "v1", "survey_id": "n", "sent_at": DAY}],
    "contract.survey_response": [
        {"response_id": "R1", "survey_id": "n", "kind": "nps", "score": 10, "responded_at": DAY},
        {"response_id": "R6", "survey_id": "n", "kind": "nps", "score": 11, "responded_at": DAY},
    ],
    "contract.web_event": [
        {"event_id": "w1", "cart_id": "c1", "name": "add_to_cart", "occurred_at": DAY}
    ],
    "contract.referral": [{"referral_id": "f1", "referrer_type": "customer", "created_at": DAY}],
    "contract.goal": [
        {"goal_id": "g1", "kpi_id": "mrr", "period_start": "2025-01-01", "period_end": "2025-04-01"}
    ],
    "contract.fx_rate": [
        {"rate_date": "2025-02-28", "from_currency": "USD", "to_currency": "EUR", "rate": 0.9},
        {"rate_date": "2025-03-31", "from_currency": "USD", "to_currency": "EUR", "rate": 0.95},
    ],
    "contract.feed_load": [{"entity": "ticket", "covers_from": DAY, "covers_to": LATER}],
    "salesforce.Account": [{"Id": sf(1)}, {"Id": sf(2), "MasterRecordId": sf(1)}],
    "salesforce.Contact": [{"Id": sf(3), "AccountId": sf(1)}],
    "salesforce.Lead": [{"Id": sf(4), "ConvertedAccountId": sf(1)[:15]}],
    "salesforce.Opportunity": [
        {"Id": sf(5), "AccountId": sf(1), "StageName": "Closed Won", "Probability": 100,
         "Type": "Renewal"}
    ],
    "stripe.customers": [{"id": "cus_1", "metadata": STRIPE_META}],
    "stripe.subscriptions": [
        {"id": "sub_1", "customer": "cus_1", "status": "active"},
        {"id": "sub_2", "customer": json.dumps({"id": "cus_1"}), "status": "active"},
    ],
    "stripe.subscription_items": [item(1), item(2)],
    "stripe.invoices": [{"id": "in_1", "customer": "cus_1", "status": "paid", "currency": "eur"}],
    "stripe.invoice_lines": [{"id": "il_1", "invoice": "in_1", "amount": 1000}],
    "stripe.refunds": [{"id": "re_1", "amount": 500, "currency": "eur", "status": "failed"}],
    "stripe.coupons": [{"id": "co_1", "duration": "once", "percent_off": 25}],
    "zendesk.tickets": [{"id": "1", "created_at": DAY, "status": "deleted", "requester_id": "7"}],
    "zendesk.ticket_comments": [
        {"id": "1", "ticket_id": "1", "author_id": "7", "created_at": DAY, "public": "true"},
        {"id": "2", "ticket_id": "1", "author_id": "-1", "created_at": DAY, "public": "true"},
    ],
    "zendesk.users": [{"id": "7", "role": "end-user"}],
    "zendesk.satisfaction_ratings": [
        {"id": "1", "ticket_id": "1", "score": "good", "created_at": DAY}
    ],
}  # fmt: skip


def clean(table: str, **more: Any) -> Row:
    """The first row of a table that is in order, with some values changed."""
    return CLEAN[table][0] | more


def merged(table: str, key: str) -> list[Row]:
    """Three records that were merged in a circle."""
    row = CLEAN[table][0]
    return [row | {key: f"x{n}", "merged_into_id": f"x{(n + 1) % 3}"} for n in range(3)]


MERGE_CYCLE = "merge_cycle__merged_into_id"
NO_RATE = "currency_without_rate__currency"
CASES = [
    *(
        Case(f"contract.{one}", MERGE_CYCLE, merged(f"contract.{one}", f"{one}_id"))
        for one in ("account", "contact", "lead", "ticket")
    ),
    Case(
        "contract.opportunity",
        "merge_cycle__merged_into_id",
        [clean("contract.opportunity", merged_into_id="o1")],
    ),
    Case(
        "contract.account_history",
        "overlapping_intervals",
        [
            {"account_id": "A", "valid_from": DAY},
            {"account_id": "A", "valid_from": LATER},
        ],
        row=2,
    ),
    Case("contract.business_schedule", "weekday_1_to_7", [hours(weekday=0)]),
    Case("contract.business_schedule", "closes_before_opens", [hours(closes="08:00")]),
    Case("contract.business_schedule", "unknown_time_zone", [hours(time_zone="Berlin")]),
    Case(
        "contract.business_schedule",
        "overlapping_hours",
        [hours(), hours(opens="11:00", closes="17:00")],
        row=2,
    ),
    Case("contract.contract", NO_RATE, [clean("contract.contract", currency="XXX")]),
    Case("contract.expense", NO_RATE, [clean("contract.expense", currency="XXX")]),
    Case(
        "contract.expense",
        "outside__acquisition_share",
        [clean("contract.expense", acquisition_share=80)],
    ),
    Case("contract.expense", "unknown_functions", [clean("contract.expense", function="4711")]),
    Case(
        "contract.forecast_submission",
        NO_RATE,
        [clean("contract.forecast_submission", currency="XXX")],
    ),
    Case(
        "contract.forecast_submission",
        "unknown_grains",
        [clean("contract.forecast_submission", period_grain="M")],
    ),
    Case("contract.fx_rate", "rate_not_positive", [clean("contract.fx_rate", rate=0)]),
    Case(
        "contract.fx_rate",
        "duplicate_key",
        [clean("contract.fx_rate"), clean("contract.fx_rate", rate=0.91)],
    ),
    Case("contract.handle_segment", "unknown_kinds", [clean("contract.handle_segment", kind="x")]),
    Case("contract.invoice", NO_RATE, [clean("contract.invoice", currency="usd ", invoice_id="z")]),
    Case("contract.invoice", "unknown_statuses", [clean("contract.invoice", status="PAID")]),
    Case(
        "contract.invoice_line",
        "reference__invoice_id",
        [clean("contract.invoice_line", invoice_id="unknown")],
        beside=("contract.invoice",),
    ),
    Case(
        "contract.invoice_line",
        "amount_present",
        [clean("contract.invoice_line", amount_ex_tax=None)],
    ),
    Case("contract.opportunity", NO_RATE, [clean("contract.opportunity", currency="XXX")]),
    Case(
        "contract.opportunity",
        "outside__probability",
        [clean("contract.opportunity", probability=50)],
    ),
    Case("contract.opportunity", "unknown_types", [clean("contract.opportunity", type="Neu")]),
    Case(
        "contract.opportunity_snapshot",
        NO_RATE,
        [clean("contract.opportunity_snapshot", currency="XXX")],
    ),
    Case(
        "contract.opportunity_snapshot",
        "outside__probability",
        [clean("contract.opportunity_snapshot", probability=-0.1)],
    ),
    Case(
        "contract.opportunity_snapshot",
        "duplicate_key",
        [
            clean("contract.opportunity_snapshot", amount=1),
            clean("contract.opportunity_snapshot", amount=2),
        ],
    ),
    Case(
        "contract.opportunity_split",
        "shares_add_up",
        [
            {"opportunity_id": "o1", "user_id": "u1", "share": 0.6},
            {"opportunity_id": "o1", "user_id": "u2", "share": 0.5},
        ],
    ),
    Case(
        "contract.opportunity_split",
        "outside__share",
        [
            {"opportunity_id": "o1", "user_id": "u1", "share": 1.5},
            {"opportunity_id": "o1", "user_id": "u2", "share": -0.5},
        ],
    ),
    Case("contract.order", NO_RATE, [clean("contract.order", currency="XXX")]),
    Case("contract.order", "unknown_statuses", [clean("contract.order", status="wc-completed")]),
    Case(
        "contract.order_line",
        "reference__order_id",
        [clean("contract.order_line", order_id="unknown")],
        beside=("contract.order",),
    ),
    Case("contract.order_line", "price_present", [clean("contract.order_line", unit_price=None)]),
    Case(
        "contract.product_cost",
        "overlapping_intervals",
        [
            {"product_id": "p1", "unit_cost": 10, "valid_from": "2025-01-01",
             "valid_to": "2025-03-16"},
            {"product_id": "p1", "unit_cost": 12, "valid_from": "2025-03-15"},
        ],
        row=2,
    ),
    Case("contract.product_cost", NO_RATE, [clean("contract.product_cost", currency="XXX")]),
    Case("contract.purchases", NO_RATE, [clean("contract.purchases", currency="XXX")]),
    Case("contract.quota", NO_RATE, [clean("contract.quota", currency="XXX")]),
    Case("contract.refund", NO_RATE, [clean("contract.refund", currency="XXX")]),
    Case(
        "contract.refund",
        "negative__amount_ex_tax",
        [clean("contract.refund", amount_ex_tax=-5)],
    ),
    Case(
        "contract.staff_assignment",
        "overlapping_assignments",
        [
            {"user_id": "u1", "role": "agent", "valid_from": "2025-01-01",
             "valid_to": "2025-02-01"},
            {"user_id": "u1", "role": "agent", "valid_from": "2025-02-01"},
        ],
        row=2,
    ),
    Case(
        "contract.staff_assignment",
        "outside__fte",
        [clean("contract.staff_assignment", fte=100)],
    ),
    Case(
        "contract.subscription_discount",
        "outside__percent_off",
        [clean("contract.subscription_discount", percent_off=125)],
    ),
    Case(
        "contract.subscription_discount",
        "unknown_durations",
        [clean("contract.subscription_discount", duration="always")],
    ),
    Case("contract.subscription_version", "unknown_interval", [version(interval="monthly")]),
    Case("contract.subscription_version", "interval_count_positive", [version(interval_count=0)]),
    Case(
        "contract.subscription_version",
        "overlapping_versions",
        [version(), version(valid_from=LATER, unit_price=20)],
        row=2,
    ),
    Case(
        "contract.subscription_version",
        "reference__subscription_id",
        [version(subscription_id="unknown")],
        beside=("contract.subscription",),
    ),
    Case("contract.subscription_version", NO_RATE, [version(currency="XXX")]),
    Case(
        "contract.subscription_version", "unknown_price_types", [version(price_type="licensed")]
    ),
    Case(
        "contract.survey_response",
        "unknown_kinds",
        [clean("contract.survey_response", kind="x")],
    ),
    Case("contract.ticket", "unknown_submitters", [clean("contract.ticket", submitter_type="me")]),
    Case(
        "contract.ticket_message",
        "unknown_authors",
        [clean("contract.ticket_message", author_type="end-user")],
    ),
    Case(
        "contract.ticket_status_event",
        "unknown_statuses",
        [clean("contract.ticket_status_event", status="Resolved")],
    ),
    *(
        Case(
            f"salesforce.{table}",
            "salesforce_merge_cycle__MasterRecordId",
            [
                {"Id": sf(1), "MasterRecordId": sf(2)},
                {"Id": sf(2)[:15], "MasterRecordId": sf(1)[:15]},
            ],
        )
        for table in ("Account", "Contact", "Lead")
    ),
    Case(
        "salesforce.Opportunity",
        "outside__Probability",
        [clean("salesforce.Opportunity", Probability=500)],
    ),
    Case(
        "salesforce.Opportunity",
        "currency_without_rate__CurrencyIsoCode",
        [clean("salesforce.Opportunity", CurrencyIsoCode="XXX")],
    ),
    Case(
        "salesforce.Opportunity",
        "unmapped_stages",
        [clean("salesforce.Opportunity", StageName="Gewonnen")],
    ),
    Case(
        "stripe.coupons", "outside__percent_off", [clean("stripe.coupons", percent_off=2500)]
    ),
    Case(
        "stripe.invoice_lines",
        "reference__invoice",
        [clean("stripe.invoice_lines", invoice="in_unknown")],
        beside=("stripe.invoices",),
    ),
    Case("stripe.invoice_lines", "amount_present", [clean("stripe.invoice_lines", amount=None)]),
    Case("stripe.invoices", NO_RATE, [clean("stripe.invoices", currency="xxx")]),
    Case("stripe.invoices", "unknown_statuses", [clean("stripe.invoices", status="Paid")]),
    Case("stripe.refunds", NO_RATE, [clean("stripe.refunds", currency="xxx")]),
    Case("stripe.refunds", "negative__amount", [clean("stripe.refunds", amount=-500)]),
    Case(
        "stripe.subscription_items",
        "overlapping_versions",
        [
            item(1) | {"metadata": json.dumps({"version": "1", "valid_from": "1000"})},
            item(2),
        ],
        row=2,
    ),
    Case(
        "stripe.subscription_items",
        "reference__subscription",
        [item() | {"subscription": "sub_unknown"}],
        beside=("stripe.subscriptions",),
    ),
    Case(
        "stripe.subscription_items",
        "unknown_interval",
        [item(recurring={"interval": "monthly"})],
    ),
    Case("stripe.subscription_items", "currency_without_rate", [item(currency="xxx")]),
    Case(
        "stripe.subscriptions",
        "customer_missing",
        [clean("stripe.subscriptions", customer="cus_unknown")],
        beside=("stripe.customers",),
    ),
    Case(
        "zendesk.satisfaction_ratings",
        "unknown_scores",
        [clean("zendesk.satisfaction_ratings", score="5")],
    ),
    Case(
        "zendesk.ticket_comments",
        "authors_unknown",
        [clean("zendesk.ticket_comments", author_id="99")],
        beside=("zendesk.users",),
    ),
    Case("zendesk.tickets", "unknown_statuses", [clean("zendesk.tickets", status="Resolved")]),
    Case("zendesk.users", "unknown_roles", [clean("zendesk.users", role="Light agent")]),
]  # fmt: skip


def rounds() -> list[list[Case]]:
    """The cases, so divided that no table is in one round twice: a gate run is dear."""
    found: list[list[Case]] = []
    for case in CASES:
        own = {case.table, *case.beside}
        for one in found:
            if not any(own & {other.table, *other.beside} for other in one):
                one.append(case)
                break
        else:
            found.append([case])
    return found
