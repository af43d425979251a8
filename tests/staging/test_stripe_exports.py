"""What staging makes of Stripe objects: minor units, versions, nested values, accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest


def epoch(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp())  # type: ignore[misc]


def price(unit_amount: int | None, currency: str | None, **fields: Any) -> dict[str, Any]:
    recurring = {"interval": "month", "interval_count": 1, "usage_type": "licensed"}
    return {
        "id": f"price_{currency}",
        "product": "prod_team",
        "currency": currency,
        "unit_amount": unit_amount,
        "type": "recurring",
        "recurring": recurring,
        **fields,
    }


def item(name: str, sold: dict[str, Any], **metadata: str) -> dict[str, Any]:
    return {
        "id": name,
        "subscription": "sub_1",
        "quantity": 3,
        "created": epoch(2025, 1, 5),
        "price": sold,
        "metadata": metadata,
    }


def subscription(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": name,
        "customer": "cus_crm",
        "status": "active",
        "currency": "eur",
        "created": epoch(2025, 1, 1),
        "start_date": epoch(2025, 1, 2),
        "discounts": [],
        "livemode": True,
        "metadata": {},
        **fields,
    }


def invoice(name: str, currency: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": name,
        "customer": "cus_crm",
        "status": "paid",
        "currency": currency,
        "created": epoch(2025, 3, 1),
        "status_transitions": {"finalized_at": epoch(2025, 3, 2)},
        "total": 11900,
        "total_excluding_tax": 10000,
        "livemode": True,
        "metadata": {},
        **fields,
    }


def line(name: str, of: str, amount: int, currency: str | None, **fields: Any) -> dict[str, Any]:
    # From 30 to 31 March, 22:30 UTC: in Berlin 31 March and 1 April, across the change of clocks.
    period = {"start": epoch(2025, 3, 30, 22, 30), "end": epoch(2025, 3, 31, 22, 30)}
    return {
        "id": name,
        "invoice": of,
        "type": "subscription",
        "amount": amount,
        "currency": currency,
        "discount_amounts": [],
        "period": period,
        "metadata": {},
        **fields,
    }


@pytest.fixture(scope="module")
def stripe(staged: Callable[[], Any]) -> Any:
    company = staged()
    company.jsonl(
        "stripe/customers/customers.jsonl",
        # 15 characters of the CRM's id: the 18-character form is the customer.
        {
            "id": "cus_crm",
            "created": epoch(2025, 1, 1),
            "livemode": True,
            "metadata": {"crm_account_id": "001Ec00000GGw3h"},
        },
        {
            "id": "cus_own",
            "name": "Own",
            "created": epoch(2025, 1, 1),
            "livemode": True,
            "address": {"country": "DE"},
            "metadata": {},
        },
        {"id": "cus_test", "created": epoch(2025, 1, 1), "livemode": False, "metadata": {}},
    )
    page = {"object": "list", "has_more": False, "data": [price(1999, "eur", id="price_known")]}
    company.text("stripe/prices/prices.json", json.dumps(page))
    coupon = {"id": "OLD", "duration": "once", "percent_off": 5, "metadata": {}}
    company.text("stripe/coupons/coupons.json", json.dumps({"object": "list", "data": [coupon]}))
    company.jsonl(
        "stripe/subscriptions/subscriptions.jsonl",
        subscription(
            "sub_1",
            trial_end=epoch(2025, 1, 9),
            canceled_at=epoch(2025, 5, 1),
            cancel_at=epoch(2026, 6, 1),
            cancellation_details={"reason": "cancellation_requested"},
            pause_collection={"behavior": "void", "resumes_at": epoch(2026, 2, 1)},
            discounts=[
                {
                    "id": "di_1",
                    "start": epoch(2025, 1, 2),
                    "end": None,
                    "coupon": {
                        "id": "A",
                        "duration": "forever",
                        "percent_off": 10,
                        "amount_off": None,
                        "currency": None,
                    },
                },
                {
                    "id": "di_2",
                    "start": epoch(2025, 1, 2),
                    "end": epoch(2025, 7, 2),
                    "coupon": {
                        "id": "B",
                        "duration": "repeating",
                        "percent_off": None,
                        "amount_off": 800,
                        "currency": "jpy",
                    },
                },
                {"id": "di_3", "start": epoch(2025, 1, 2), "end": None, "coupon": "OLD"},
            ],
            metadata={
                "exported_at": "20",
                "paused_at": str(epoch(2025, 12, 1)),
                "past_due_since": str(epoch(2025, 11, 1)),
            },
        ),
        subscription("sub_1", status="trialing", metadata={"exported_at": "10"}),
        subscription(
            "sub_2", customer={"id": "cus_own", "object": "customer"}, ended_at=epoch(2025, 9, 1)
        ),
        subscription("sub_3", customer="cus_test"),
        subscription("sub_4", livemode=False),
        subscription("sub_5", status="incomplete_expired"),
    )
    company.jsonl(
        "stripe/subscription_items/items.jsonl",
        item(
            "si_eur",
            price(1234, "eur"),
            version="1",
            valid_from=str(epoch(2025, 1, 2)),
            change_reason="new",
            exported_at="10",
        ),
        item(
            "si_eur",
            price(1234, "eur"),
            version="1",
            valid_from=str(epoch(2025, 1, 2)),
            valid_to=str(epoch(2025, 2, 1)),
            change_reason="new",
            exported_at="20",
        ),
        item(
            "si_eur",
            price(2000, "eur"),
            version="2",
            valid_from=str(epoch(2025, 2, 1)),
            change_reason="upgrade",
            exported_at="20",
        ),
        item("si_jpy", price(1234, "jpy")),
        item("si_kwd", price(1234, "kwd")),
        item("si_isk", price(123400, "isk")),
        item("si_cent", {**price(None, "usd"), "unit_amount_decimal": "12.5"}),
        item(
            "si_use",
            price(
                5,
                "eur",
                recurring={"interval": "month", "interval_count": 1, "usage_type": "metered"},
            ),
        ),
        item("si_once", price(50000, "eur", type="one_time", recurring=None)),
        item("si_ref", {"id": "price_known"}),
        {**item("si_lost", price(1, "eur")), "subscription": "sub_5"},
    )
    company.text(
        "stripe/invoices/invoices.json",
        json.dumps(
            {
                "object": "list",
                "data": [
                    invoice("in_1", "eur"),
                    invoice(
                        "in_2", "jpy", status="draft", status_transitions={"finalized_at": None}
                    ),
                    invoice("in_3", "eur", customer="cus_test"),
                ],
            }
        ),
    )
    company.jsonl(
        "stripe/invoice_lines/lines.jsonl",
        line(
            "il_1",
            "in_1",
            10000,
            "eur",
            discount_amounts=[{"amount": 1000, "discount": "a"}, {"amount": 250, "discount": "b"}],
        ),
        line(
            "il_2",
            "in_2",
            10000,
            None,
            period={"start": epoch(2025, 3, 1), "end": epoch(2025, 3, 1)},
        ),
        line("il_3", "in_3", 1, "eur"),
        line(
            "il_4",
            "in_1",
            -500,
            "eur",
            type="invoiceitem",
            period={"start": epoch(2025, 3, 1, 8), "end": epoch(2025, 3, 1, 9)},
        ),
    )
    company.text(
        "stripe/refunds/refunds.json",
        json.dumps(
            {
                "object": "list",
                "data": [
                    {
                        "id": "re_1",
                        "invoice": "in_1",
                        "amount": 1190,
                        "currency": "eur",
                        "created": epoch(2025, 4, 1),
                        "status": "succeeded",
                        "metadata": {"amount_excluding_tax": "900"},
                    },
                    {
                        "id": "re_2",
                        "invoice": "in_1",
                        "amount": 1190,
                        "currency": "eur",
                        "created": epoch(2025, 4, 1),
                        "status": "succeeded",
                        "metadata": {},
                    },
                    {
                        "id": "re_3",
                        "invoice": "in_1",
                        "amount": 1190,
                        "currency": "eur",
                        "created": epoch(2025, 4, 1),
                        "status": "failed",
                        "metadata": {},
                    },
                    {
                        "id": "re_4",
                        "charge": "ch_1",
                        "amount": 300,
                        "currency": "jpy",
                        "created": epoch(2025, 4, 1),
                        "status": "succeeded",
                        "metadata": {},
                    },
                ],
            }
        ),
    )
    company.stage("stripe")
    return company


def test_customer_without_an_account_of_the_crm_is_its_own_account(stripe: Any) -> None:
    rows = stripe.rows("select account_id, country, is_test from stg_stripe__accounts order by 1")
    assert rows == [("cus_own", "DE", False), ("cus_test", None, True)]


def test_newest_state_of_a_subscription_counts_and_test_mode_and_never_begun_ones_do_not(
    stripe: Any,
) -> None:
    rows = stripe.rows(
        "select subscription_id, account_id, started_at, trial_end, ended_at, cancel_requested_at,"
        " cancel_reason, past_due_since from stg_stripe__subscriptions order by 1"
    )
    began = datetime(2025, 1, 2)
    assert rows == [
        (
            "sub_1",
            "001Ec00000GGw3hIAD",
            began,
            datetime(2025, 1, 9),
            datetime(2026, 6, 1),
            datetime(2025, 5, 1),
            "cancellation_requested",
            datetime(2025, 11, 1),
        ),
        ("sub_2", "cus_own", began, None, datetime(2025, 9, 1), None, None, None),
    ]


def test_amounts_are_scaled_by_the_exponent_of_their_currency(stripe: Any) -> None:
    rows = stripe.rows(
        "select item_id, unit_price, currency, price_type from stg_stripe__subscription_versions"
        " where item_id <> 'si_eur' order by 1"
    )
    assert rows == [
        ("si_cent", Decimal("0.125"), "USD", "recurring"),
        ("si_isk", Decimal("1234"), "ISK", "recurring"),
        ("si_jpy", Decimal("1234"), "JPY", "recurring"),
        ("si_kwd", Decimal("1.234"), "KWD", "recurring"),
        ("si_once", Decimal("500"), "EUR", "one_time"),
        ("si_ref", Decimal("19.99"), "EUR", "recurring"),
        ("si_use", Decimal("0.05"), "EUR", "usage"),
    ]


def test_versions_of_an_item_are_kept_apart_and_the_newest_state_of_each_counts(
    stripe: Any,
) -> None:
    rows = stripe.rows(
        'select unit_price, quantity, "interval", interval_count, change_reason, valid_from,'
        " valid_to from stg_stripe__subscription_versions"
        " where item_id = 'si_eur' order by valid_from"
    )
    change = datetime(2025, 2, 1)
    assert rows == [
        (Decimal("12.34"), 3, "month", 1, "new", datetime(2025, 1, 2), change),
        (Decimal("20"), 3, "month", 1, "upgrade", change, None),
    ]
    [(valid_from,)] = stripe.rows(
        "select valid_from from stg_stripe__subscription_versions where item_id = 'si_jpy'"
    )
    assert valid_from == datetime(2025, 1, 5)


def test_discounts_and_pauses_are_taken_out_of_the_subscription(stripe: Any) -> None:
    rows = stripe.rows(
        "select subscription_id, percent_off, amount_off, duration, starts_at, ends_at"
        " from stg_stripe__subscription_discounts order by discount_id"
    )
    began = datetime(2025, 1, 2)
    assert rows == [
        ("sub_1", 10, None, "forever", began, None),
        ("sub_1", None, 800, "repeating", began, datetime(2025, 7, 2)),
        ("sub_1", 5, None, "once", began, None),
    ]
    assert stripe.rows("from stg_stripe__subscription_pauses") == [
        ("sub_1", datetime(2025, 12, 1), datetime(2026, 2, 1))
    ]


def test_invoices_are_issued_when_finalized_and_lines_have_local_service_days(stripe: Any) -> None:
    rows = stripe.rows(
        "select invoice_id, account_id, issued_at, status, currency from stg_stripe__invoices"
        " order by 1"
    )
    assert rows == [
        ("in_1", "001Ec00000GGw3hIAD", datetime(2025, 3, 2), "paid", "EUR"),
        ("in_2", "001Ec00000GGw3hIAD", datetime(2025, 3, 1), "draft", "JPY"),
    ]
    rows = stripe.rows("from stg_stripe__invoice_lines order by 1")
    assert rows == [
        (
            "il_1",
            "in_1",
            "subscription",
            Decimal("100"),
            Decimal("12.5"),
            date(2025, 3, 31),
            date(2025, 4, 1),
        ),
        ("il_2", "in_2", "subscription", Decimal("10000"), Decimal("0"), None, None),
        ("il_4", "in_1", "invoiceitem", Decimal("-5"), Decimal("0"), None, None),
    ]


def test_refund_without_a_net_amount_takes_the_share_of_its_invoice(stripe: Any) -> None:
    rows = stripe.rows(
        "select refund_id, invoice_id, amount_ex_tax from stg_stripe__refunds order by 1"
    )
    assert rows == [
        ("re_1", "in_1", Decimal("9")),
        ("re_2", "in_1", Decimal("10")),
        ("re_4", None, Decimal("300")),
    ]
