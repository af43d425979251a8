"""The worked examples of the KPI contract as entity rows, with the numbers printed there.

Every example is complete: each account, staff member and ticket that a row names has a row.
Zone Europe/Berlin, currency EUR, `as_of` 15 July 2025 unless the example says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
PARAMS: dict[str, Any] = {"reporting_timezone": "Europe/Berlin", "reporting_currency": "EUR"}
Entities = dict[str, list[dict[str, Any]]]
Expected = tuple[str, str, date, str, str, Any, Any, Any]
F = Fraction


def at(text: str) -> datetime:
    """'2025-03-05 10:00' local; with a Z at the end, UTC; a bare date is local midnight."""
    if text.endswith("Z"):
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def d(text: str) -> date:
    """'03-05' is in 2025."""
    return date.fromisoformat(text if len(text) > 5 else f"2025-{text}")


def n(amount: Any) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


AS_OF = at("2025-07-15")
MAR, FEB, JAN, APR, Q1, Q2 = (
    d("03-01"),
    d("02-01"),
    d("01-01"),
    d("04-01"),
    d("01-01"),
    d("04-01"),
)


@dataclass(frozen=True)
class Example:
    """One worked example; `wrong` holds the values printed as wrong, next to the KPI row."""

    id: str
    section: str
    entities: Entities
    expected: list[Expected]
    as_of: datetime = AS_OF
    wrong: list[Expected] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=lambda: dict(PARAMS))
    rejected: dict[tuple[str, str, date], int] = field(default_factory=dict)
    censored: dict[tuple[str, str, date], int] = field(default_factory=dict)
    mature: dict[tuple[str, str, date], bool] = field(default_factory=dict)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def month(
    kpi_id: str, value: Any, top: Any = None, bottom: Any = None, when: date = MAR
) -> Expected:
    return (kpi_id, "month", when, "all", "all", top, bottom, value)


def quarter(kpi_id: str, value: Any, top: Any = None, bottom: Any = None) -> Expected:
    return (kpi_id, "quarter", Q1, "all", "all", top, bottom, value)


def sliced(
    kpi_id: str, dim: str, member: str, value: Any, top: Any = None, bottom: Any = None
) -> Any:
    return (kpi_id, "month", MAR, dim, member, top, bottom, value)


# -- rows -----------------------------------------------------------------------------------------


def add(e: Entities, entity: str, **row: Any) -> dict[str, Any]:
    e.setdefault(entity, []).append(row)
    return row


def complete(e: Entities) -> Entities:
    """Add the accounts and staff that rows name, and costs of what was sold, where missing."""

    def known(entity: str, key: str) -> set[Any]:
        return {r[key] for r in e.get(entity, [])}

    account_columns = (
        "account_id",
        "converted_account_id",
        "referrer_account_id",
        "merged_into_id",
    )
    staff_columns = (
        "owner_id",
        "user_id",
        "assignee_id",
        "agent_id",
        "changed_by",
        "referrer_user_id",
    )
    accounts = known("account", "account_id")
    staff = known("staff", "user_id")
    for entity, rows in list(e.items()):
        for row in list(rows):
            for column in account_columns:
                if column == "merged_into_id" and entity != "account":
                    continue
                account = row.get(column)
                if account and account not in accounts:
                    accounts.add(account)
                    account_row(e, account)
            for column in staff_columns:
                user = row.get(column)
                if user and user not in staff:
                    staff.add(user)
                    staff_row(e, user)
    costed = known("product_cost", "product_id")
    for line in e.get("order_line", []):
        if line["product_id"] not in costed:
            costed.add(line["product_id"])
            add(
                e,
                "product_cost",
                product_id=line["product_id"],
                unit_cost=Decimal(1),
                currency="EUR",
                valid_from=date(2020, 1, 1),
                valid_to=None,
            )
    return {entity: e[entity] for entity in sorted(e)}


def account_row(e: Entities, account: str, **more: Any) -> None:
    row = {
        "account_id": account,
        "name": account,
        "created_at": at("2023-01-02T08:00Z"),
        "country": "DE",
        "segment": "smb",
        "industry": "retail",
        "acquisition_channel": "web",
        "owner_id": None,
        "is_test": False,
        "is_deleted": False,
        "deleted_at": None,
        "merged_into_id": None,
    }
    add(e, "account", **(row | more))


def staff_row(e: Entities, user: str, **more: Any) -> None:
    row = {
        "user_id": user,
        "name": user,
        "email": f"{user}@company.example",
        "role": "agent",
        "team": "team",
        "is_bot": False,
        "is_active": True,
    }
    add(e, "staff", **(row | more))


def subscription(
    e: Entities,
    account: str,
    started: str,
    price: Any,
    ended: str | None = None,
    key: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A subscription of one item with one version."""
    key = key or f"s_{account}"
    version = {
        "interval": more.pop("interval", "month"),
        "currency": more.pop("currency", "EUR"),
        "product_id": more.pop("product_id", "p1"),
        "valid_to": more.pop("valid_to", None),
        "change_reason": more.pop("change_reason", None),
    }
    row = {
        "subscription_id": key,
        "account_id": account,
        "trial_start": None,
        "trial_end": None,
        "started_at": at(started),
        "ended_at": at(ended) if ended else None,
        "cancel_requested_at": None,
        "cancel_reason": None,
        "past_due_since": None,
        "unpaid_at": None,
        "is_deleted": False,
        "deleted_at": None,
    }
    add(e, "subscription", **(row | more))
    return version_row(e, key, started, price, **version)


def version_row(
    e: Entities, key: str, valid_from: str, price: Any, item: str = "i1", **more: Any
) -> dict[str, Any]:
    row = {
        "subscription_id": key,
        "item_id": f"{key}_{item}",
        "product_id": "p1",
        "plan_id": "plan",
        "quantity": Decimal(1),
        "unit_price": n(price),
        "currency": "EUR",
        "interval": "month",
        "interval_count": 1,
        "price_type": "recurring",
        "change_reason": None,
        "valid_from": at(valid_from),
        "valid_to": None,
    }
    return add(e, "subscription_version", **(row | more))


def order(
    e: Entities, key: str, account: str, when: str, amount: Any, status: str = "paid", **more: Any
) -> None:
    """An order of one line."""
    line = {
        "line_id": f"{key}_1",
        "order_id": key,
        "product_id": more.pop("product_id", "p1"),
        "quantity": n(more.pop("quantity", 1)),
        "unit_price": n(amount),
        "discount": n(more.pop("discount", 0)),
        "tax": n(more.pop("tax", 0)),
    }
    add(
        e,
        "order",
        order_id=key,
        account_id=account,
        ordered_at=at(when),
        status=status,
        currency="EUR",
        **more,
    )
    add(e, "order_line", **line)


def refund(e: Entities, key: str, order_id: str, when: str, amount: Any, back: Any = 0) -> None:
    add(
        e,
        "refund",
        refund_id=key,
        order_id=order_id,
        invoice_id=None,
        amount_ex_tax=n(amount),
        currency="EUR",
        refunded_at=at(when),
        restocked_quantity=n(back),
    )


def invoice(e: Entities, key: str, account: str, when: str, amount: Any, **service: Any) -> None:
    add(
        e,
        "invoice",
        invoice_id=key,
        account_id=account,
        issued_at=at(when),
        status="paid",
        currency="EUR",
    )
    add(
        e,
        "invoice_line",
        line_id=f"{key}_1",
        invoice_id=key,
        line_type="service",
        amount_ex_tax=n(amount),
        discount=Decimal(0),
        service_start=service.get("start"),
        service_end=service.get("end"),
    )


def expense(e: Entities, function: str, when: str, amount: Any, **more: Any) -> None:
    row = {
        "expense_id": f"e{len(e.get('expense', [])) + 1}",
        "spent_on": d(when),
        "amount": n(amount),
        "currency": "EUR",
        "function": function,
        "category": "media",
        "acquisition_share": None,
        "campaign_id": None,
    }
    add(e, "expense", **(row | more))


def deal(
    e: Entities, key: str, created: str, steps: list[tuple[str, str]], **more: Any
) -> dict[str, Any]:
    """An opportunity with its stage history; its own account `acc_<key>` unless one is given."""
    order_of = {"Qualify": 1, "Propose": 2, "Negotiate": 3, "won": 8, "lost": 9}
    last = steps[-1][0] if steps else "Qualify"
    row = {
        "opportunity_id": key,
        "account_id": f"acc_{key}",
        "owner_id": None,
        "type": "new",
        "amount": Decimal(1000),
        "currency": "EUR",
        "created_at": at(created),
        "close_date": None,
        "stage": last,
        "is_closed": last in ("won", "lost"),
        "is_won": last == "won",
        "loss_reason": None,
        "forecast_category": None,
        "probability": None,
        "lead_id": None,
        "next_step": None,
        "last_activity_at": None,
        "is_deleted": False,
        "merged_into_id": None,
    }
    row |= more
    add(e, "opportunity", **row)
    for i, (stage, when) in enumerate(steps, 1):
        add(
            e,
            "opportunity_stage_event",
            event_id=f"{key}_{i}",
            opportunity_id=key,
            stage=stage,
            stage_order=order_of[stage],
            entered_at=at(when),
        )
    return row


def ticket(e: Entities, key: str, created: str, by: str = "customer", **more: Any) -> None:
    row = {
        "ticket_id": key,
        "requester_contact_id": f"c_{key}",
        "account_id": f"acc_{key}",
        "created_at": at(created),
        "submitter_type": by,
        "channel": "email",
        "priority": "normal",
        "group": "support",
        "assignee_id": None,
        "topic": "billing",
        "first_level_resolvable": True,
        "schedule_id": None,
        "is_spam": False,
        "is_test": False,
        "is_deleted": False,
        "merged_into_id": None,
    }
    add(e, "ticket", **(row | more))


def status(e: Entities, key: str, state: str, when: str, by: str = "a1", cause: Any = None) -> None:
    add(
        e,
        "ticket_status_event",
        ticket_id=key,
        status=state,
        changed_at=at(when),
        changed_by=by,
        cause=cause,
    )


def message(
    e: Entities, key: str, author: str, when: str, public: bool = True, who: str = "a1"
) -> None:
    add(
        e,
        "ticket_message",
        message_id=f"m{len(e.get('ticket_message', [])) + 1}",
        ticket_id=key,
        author_type=author,
        author_id=who if author in ("agent", "bot") else None,
        is_public=public,
        sent_at=at(when),
    )


def rates(e: Entities, currency: str, steps: dict[str, str], until: str = "2025-07-31") -> None:
    """Weekly and stepped exchange rates, so that every day has one that is not too old."""
    changes = sorted((d(k), Decimal(v)) for k, v in steps.items())
    days = {day for day, _ in changes}
    day = changes[0][0]
    while day <= d(until):
        days.add(day)
        day += timedelta(days=5)
    for day in sorted(days):
        rate = [r for start, r in changes if start <= day][-1]
        add(e, "fx_rate", rate_date=day, from_currency=currency, to_currency="EUR", rate=rate)


# -- 4.A ------------------------------------------------------------------------------------------


def ledger_rows() -> Entities:
    e: Entities = {}
    subscription(e, "A", "2024-06-01", 100)
    subscription(e, "B", "2024-09-15", 1200, interval="year", valid_to=at("2025-03-10"))
    version_row(e, "s_B", "2025-03-10", 1800, interval="year", change_reason="upgrade")
    subscription(e, "C", "2024-05-01", 80, valid_to=at("2025-03-05"))
    version_row(e, "s_C", "2025-03-05", 50, change_reason="downgrade")
    subscription(e, "D", "2024-05-01", 60, "2025-03-20T10:00Z")
    subscription(e, "E", "2024-05-01", 40, "2025-03-31T22:00Z")
    subscription(e, "F", "2025-03-01", 30, trial_start=at("2025-03-01"), trial_end=at("2025-03-15"))
    subscription(e, "G", "2025-03-20", 90, trial_start=at("2025-03-20"), trial_end=at("2025-04-03"))
    subscription(e, "H", "2024-05-01", 70, "2025-01-01", key="s_H1", valid_to=at("2025-01-01"))
    subscription(e, "H", "2025-03-12", 70, key="s_H2")
    subscription(e, "I", "2024-01-01", 110, currency="USD")
    subscription(e, "J", "2024-06-01", 200)
    add(
        e,
        "subscription_discount",
        subscription_id="s_J",
        percent_off=Decimal(25),
        amount_off=None,
        duration="repeating",
        starts_at=at("2025-01-01"),
        ends_at=at("2025-07-01"),
    )
    subscription(e, "K", "2025-03-31T22:30Z", 500)
    subscription(e, "L", "2025-03-03", 25, "2025-03-28")
    subscription(e, "M", "2024-11-01", 12, interval="week")
    subscription(e, "N", "2024-05-01", 45)
    add(
        e,
        "subscription_pause",
        subscription_id="s_N",
        paused_at=at("2025-03-18"),
        resumed_at=None,
    )
    account_row(e, "T", is_test=True)
    subscription(e, "T", "2024-06-01", 999)
    rates(e, "USD", {"2023-12-31": "0.90", "2025-03-31": "0.95"})
    return complete(e)


def ledger() -> Example:
    return Example(
        "LEDGER",
        "4.A1",
        ledger_rows(),
        [
            month("mrr", F("746.50"), F("746.50")),
            month("mrr", F("726.00"), F("726.00"), when=FEB),
            month("arr", F(8958)),
            month("new_mrr", F(30)),
            month("expansion_mrr", F(50)),
            month("contraction_mrr", F(30)),
            month("churned_mrr", F(105)),
            month("reactivation_mrr", F(70)),
            month("fx_mrr", F("5.50")),
            month("net_new_mrr", F(15)),
            month("transfer_mrr", F(0)),
            month("intra_period_churn_count", F(1)),
            month("arpa", F(1493, 18), F("746.50"), 9),
            month("customer_retention_rate", F(7, 9), 7, 9),
            month("customer_churn_rate", F(2, 9), 2, 9),
            sliced("customer_churn_rate", "churn_subtype", "voluntary", F(1, 9), 1, 9),
            sliced("customer_churn_rate", "churn_subtype", "pause", F(1, 9), 1, 9),
            month("net_revenue_retention", F(6465, 7315), F("646.50"), F("731.50")),
            month("gross_revenue_retention", F(5965, 7315), F("596.50"), F("731.50")),
            month("gross_mrr_churn_rate", F(1350, 7315), 135, F("731.50")),
            month("net_mrr_churn_rate", F(850, 7315), 85, F("731.50")),
            month("quick_ratio", F(80, 135), 80, 135),
            ("mrr", "day", d("03-31"), "all", "all", None, None, F("746.50")),
            ("mrr", "quarter", Q1, "all", "all", None, None, F("746.50")),
        ],
        wrong=[
            month("mrr", F("2396.50")),
            month("mrr", F("742.50")),
            month("mrr", F("1246.50")),
            month("expansion_mrr", F("55.50")),
            month("customer_retention_rate", F(8, 9)),
        ],
    )


def statement() -> Example:
    """The second case of 4.B1: 130 customers at the start, nine lost."""
    e: Entities = {}
    for i in range(130):
        ended = "2025-03-15" if i < 9 else None
        subscription(e, f"c{i:03}", "2025-02-01", 10, ended)
    return Example(
        "RETENTION-130",
        "4.B1",
        complete(e),
        [month("customer_retention_rate", F(121, 130), 121, 130)],
        wrong=[month("customer_retention_rate", F(85, 100))],
    )


def quarter_rows() -> Entities:
    """Opening 100, then +6 -2, +5 -3 and +4: revenue by invoice, cost by expense."""
    e: Entities = {}
    for i in range(115):
        started = "2024-12-31"
        if i >= 100:
            started = "2025-01-10" if i < 106 else "2025-02-10" if i < 111 else "2025-03-10"
        ended = "2025-01-20" if i < 2 else "2025-02-20" if i < 5 else None
        subscription(e, f"c{i:03}", started, 50, ended)
    for when, income, cost in (("01", 5100, 1530), ("02", 5460, 1638), ("03", 5640, 1692)):
        invoice(e, f"inv{when}", "c050", f"2025-{when}-15 12:00", income)
        expense(e, "cogs", f"{when}-28", cost, category="hosting")
    # 15 new customers in the quarter at 2 477.50 each: the CAC of the CAC example.
    expense(e, "sales", "02-15", "37162.50", acquisition_share=Decimal(1))
    return complete(e)


def quarter_example() -> Example:
    return Example(
        "QUARTER",
        "4.A2",
        quarter_rows(),
        [
            month("arpu", F(50), 5100, 102, JAN),
            month("arpu", F(52), 5460, 105, FEB),
            month("arpu", F(5640, 108), 5640, 108),
            quarter("arpu", F(16200, 315), 16200, 315),
            quarter("gross_margin", F(7, 10), 11340, 16200),
            quarter("customer_lifetime_value", F(2232), 36, F(5, 310)),
            quarter("clv_revenue", F(16200, 315) * 62),
            quarter("clv_capped", F(2160)),
            quarter("ltv_cac_ratio", F(2232) / F("2477.5"), 2232, F("2477.50")),
            month("ltv_cac_ratio", None),
            month("customer_churn_rate", F(2, 100), 2, 100, JAN),
            month("customer_churn_rate", F(3, 104), 3, 104, FEB),
            month("customer_churn_rate", F(0), 0, 106),
            quarter("cogs", F(4860)),
        ],
        wrong=[
            quarter("arpu", F("51.407407")),
            quarter("customer_lifetime_value", F("1505.93")),
        ],
    )


def annual_invoice() -> Example:
    e: Entities = {}
    subscription(e, "Y", "2025-03-10", 1200, interval="year")
    invoice(e, "inv", "Y", "2025-03-10 12:00", 1200, start=d("03-10"), end=d("2026-03-10"))
    return Example(
        "ANNUAL-INVOICE",
        "4.A2",
        complete(e),
        [month("arpu", F("72.3288") * 2, F("72.3288"), F(1, 2))],
        wrong=[month("arpu", F(2400))],
    )


def growth() -> Example:
    e: Entities = {}
    order(e, "o1", "G1", "2025-02-10 10:00", 1000, discount=100)
    order(e, "o2", "G1", "2025-03-05 10:00", 700, tax=133)
    order(e, "o3", "G2", "2025-03-06 10:00", 500)
    refund(e, "r1", "o1", "2025-03-12 10:00", 200)
    return Example(
        "GROWTH",
        "4.A3",
        complete(e),
        [
            month("sales_growth_rate", F(100, 900), 100, 900),
            month("refund_rate", F(200, 1200), 200, 1200),
        ],
        wrong=[month("sales_growth_rate", F("0.714286"))],
    )


def partial_growth() -> Example:
    e: Entities = {}
    order(e, "o1", "G1", "2025-03-05 10:00", 1000)
    order(e, "o2", "G1", "2025-03-09 23:30", 600)
    order(e, "o3", "G1", "2025-03-10 00:00", 4040)
    order(e, "o4", "G1", "2025-04-09 23:30", 1500)
    return Example(
        "GROWTH-LIKE-FOR-LIKE",
        "4.A3",
        complete(e),
        [month("sales_growth_rate", F(-100, 1600), -100, 1600, APR)],
        as_of=at("2025-04-10"),
        wrong=[month("sales_growth_rate", F("-0.734043"), when=APR)],
    )


def cost_of_goods() -> Example:
    e: Entities = {}
    order(e, "o1", "X", "2025-03-10 10:00", 30, quantity=5)
    order(e, "o2", "X", "2025-03-20 10:00", 30, quantity=4)
    refund(e, "r1", "o1", "2025-03-25 10:00", 30, back=1)
    refund(e, "r2", "o2", "2025-03-26 10:00", 30)
    for cost, start, end in ((10, "2025-01-01", d("03-15")), (12, "2025-03-15", None)):
        add(
            e,
            "product_cost",
            product_id="p1",
            unit_cost=n(cost),
            currency="EUR",
            valid_from=d(start),
            valid_to=end,
        )
    expense(e, "cogs", "03-31", 300, category="hosting")
    for day, quantity, value in (("02-28", 20, 200), ("03-31", 22, 240)):
        add(
            e,
            "inventory_value",
            snapshot_date=d(day),
            product_id="p1",
            quantity=n(quantity),
            value=n(value),
        )
    add(
        e,
        "purchases",
        purchase_date=d("03-17"),
        product_id="p1",
        quantity=n(10),
        cost=n(120),
        currency="EUR",
    )
    return Example(
        "COGS",
        "4.A4",
        complete(e),
        [
            month("cogs", F(388)),
            sliced("cogs", "product", "p1", F(88)),
            sliced("cogs", "product", "unknown", F(300)),
            month("cogs_periodic", F(80)),
            month("cogs_variance", F(8)),
        ],
        wrong=[sliced("cogs", "product", "p1", F(96))],
    )


# -- 4.B ------------------------------------------------------------------------------------------


def renewal() -> Example:
    e: Entities = {}
    facts = [
        ("k1", "03-10", "2025-03-05 10:00", 100, 120),
        ("k2", "03-31", "2025-01-15 10:00", 200, 200),
        ("k3", "03-20", "2025-04-10 10:00", 50, 40),
        ("k4", "03-15", "2025-05-02 10:00", 80, 80),
        ("k5", "03-25", None, 70, None),
        ("k6", "03-22", "2025-03-22 10:00", 30, 30),
        ("k7", "03-28", None, 60, None),
        ("k8", "04-01", "2025-03-20 10:00", 90, 90),
    ]
    for key, due, signed, old, new in facts:
        row = {
            "contract_id": key,
            "account_id": f"acc_{key}",
            "start_date": d("2024-03-01"),
            "end_date": d(due),
            "term_months": 1 if key == "k6" else 12,
            "auto_renew_monthly": key == "k6",
            "monthly_value": n(old),
            "currency": "EUR",
            "signed_at": at("2024-02-20 10:00"),
            "renewed_by_contract_id": f"{key}_next" if signed else None,
            "terminated_at": at("2025-02-10 10:00") if key == "k7" else None,
        }
        add(e, "contract", **row)
        if signed:
            later = {
                "contract_id": f"{key}_next",
                "start_date": d(due) + timedelta(days=1),
                "end_date": d("2026-06-30"),
                "term_months": 12,
                "monthly_value": n(new),
                "signed_at": at(signed),
                "renewed_by_contract_id": None,
            }
            add(e, "contract", **(row | later))
    return Example(
        "RENEWAL",
        "4.B3",
        complete(e),
        [
            month("renewal_rate", F(3, 6), 3, 6),
            month("renewal_rate_value", F(340, 560), 340, 560),
            month("renewal_rate_value_net", F(360, 560), 360, 560),
            month("renewal_rate", F(1), 1, 1, APR),
        ],
    )


def upsell() -> Example:
    e: Entities = {}

    def change(account: str, price: Any, reason: str, when: str = "2025-03-10") -> None:
        key = f"s_{account}"
        last = [v for v in e["subscription_version"] if v["subscription_id"] == key][-1]
        last["valid_to"] = at(when)
        version_row(e, key, when, price, change_reason=reason)

    for i in range(1, 10):
        if i != 8:
            subscription(e, f"U{i}", "2025-01-01", 125 if i == 4 else 100)
    change("U1", 150, "upgrade")
    change("U2", 130, "seats")
    change("U3", 108, "price_increase")
    add(
        e,
        "subscription_discount",
        subscription_id="s_U4",
        percent_off=Decimal(20),
        amount_off=None,
        duration="repeating",
        starts_at=at("2025-01-01"),
        ends_at=at("2025-03-15"),
    )
    version_row(e, "s_U5", "2025-03-12", 40, "i2", product_id="p2", change_reason="add_on")
    change("U7", 120, "upgrade", "2025-03-05")
    change("U7", 90, "downgrade", "2025-03-20")
    subscription(e, "U8", "2025-03-10", 200)
    for row in e["subscription"]:
        if row["account_id"] == "U9":
            row["ended_at"] = at("2025-03-15")
    return Example(
        "UPSELL",
        "4.B4",
        complete(e),
        [
            month("upsell_rate", F(2, 8), 2, 8),
            month("cross_sell_rate", F(1, 8), 1, 8),
            month("upsell_mrr", F(80)),
        ],
    )


def purchases() -> Example:
    e: Entities = {}
    order(e, "o1", "C1", "2025-01-12 10:00", 50)
    order(e, "o2", "C1", "2025-02-03 10:00", 70)
    order(e, "o3", "C1", "2025-02-20 10:00", 90, "cancelled")
    order(e, "o4", "C2", "2025-03-08 10:00", 40)
    order(e, "o5", "C3", "2025-01-25 10:00", 35)
    refund(e, "r5", "o5", "2025-02-02 10:00", 35)
    order(e, "o6", "C3", "2025-03-15 10:00", 60)
    order(e, "o7", "C4", "2025-02-11 10:00", 30)
    account_row(e, "C4", merged_into_id="C2")
    return Example(
        "PURCHASES",
        "4.B5",
        complete(e),
        [
            quarter("purchase_frequency", F(5, 3), 5, 3),
            month("purchase_frequency", F(1), 1, 1, JAN),
            month("purchase_frequency", F(1), 2, 2, FEB),
            month("purchase_frequency", F(1), 2, 2),
            quarter("average_order_value", F(50), 250, 5),
            quarter("repeat_purchase_rate", F(2, 3), 2, 3),
        ],
        wrong=[quarter("purchase_frequency", F(1))],
    )


def rfm() -> Example:
    """Days since the last order count from 31 March."""
    e: Entities = {}
    facts = [("a", 5, 10, 1000), ("b", 20, 8, 800), ("c", 40, 8, 300), ("d", 90, 2, 500)]
    facts.append(("e", 200, 1, 50))
    for account, days, count, spent in facts:
        last = d("03-31") - timedelta(days=days)
        for i in range(count):
            order(e, f"{account}{i}", account, f"{last} 1{i}:00", F_decimal(spent, count))
    table = [
        {"account_id": account, "snapshot": APR, "segment": segment}
        for account, segment in zip("abcde", ("555", "434", "332", "223", "111"), strict=True)
    ]
    return Example(
        "RFM", "5.2", complete(e), [], as_of=at("2025-04-01"), tables={"rfm_segment": table}
    )


def F_decimal(total: int, count: int) -> Decimal:
    return Decimal(total) / Decimal(count)


# -- 4.C ------------------------------------------------------------------------------------------


def cac() -> Example:
    e: Entities = {}
    one = Decimal(1)
    expense(e, "marketing", "03-05", 4000, acquisition_share=one)
    expense(e, "marketing", "03-31", 6000, category="salaries", acquisition_share=one)
    expense(e, "sales", "03-31", 9000, category="salaries", acquisition_share=Decimal("0.8"))
    expense(e, "sales", "03-31", 1500, category="commission", acquisition_share=one)
    expense(e, "sales", "03-10", 500, category="tools", acquisition_share=one)
    expense(e, "support", "03-31", 5000, category="salaries")
    expense(e, "marketing", "03-20", -300, acquisition_share=one)
    expense(e, "marketing", "03-12", 1000, currency="USD", acquisition_share=one)
    expense(e, "marketing", "04-01", 700, acquisition_share=one)
    rates(e, "USD", {"2025-03-12": "0.92"})
    for i in range(1, 9):
        subscription(e, f"n{i}", "2025-03-10", 200)
    subscription(e, "back", "2024-01-01", 100, "2024-12-01", key="s_back1")
    subscription(e, "back", "2025-03-11", 100, key="s_back2")
    account_row(e, "test", is_test=True)
    subscription(e, "test", "2025-03-10", 100)
    account_row(e, "n1_twin", merged_into_id="n1")
    # Margin of the month 70 %, for the payback.
    invoice(e, "inv", "n1", "2025-03-20 12:00", 1000)
    expense(e, "cogs", "03-31", 300, category="hosting")
    return Example(
        "CAC",
        "4.C1",
        complete(e),
        [
            month("customer_acquisition_cost", F("2477.50"), 19820, 8),
            month("cac_marketing_only", F("1327.50"), 10620, 8),
            month("cac_payback_months", F(19820) / 1120, 19820, 1120),
        ],
        wrong=[month("customer_acquisition_cost", F(19820, 11))],
    )


def cpa() -> Example:
    e: Entities = {}
    facts = [("search", 2400, 6, True), ("social", 1600, 2, True), ("display", 300, 0, True)]
    facts.append(("e-mail", 0, 3, False))
    for name, spent, count, paid in facts:
        add(e, "campaign", campaign_id=name, channel=name, is_paid=paid)
        if spent:
            expense(e, "marketing", "03-10", spent, campaign_id=name)
        for i in range(count):
            account = f"{name}{i}"
            subscription(e, account, "2025-03-15", 10)
            add(
                e,
                "attribution",
                acquisition_id=f"q_{account}",
                account_id=account,
                campaign_id=name,
                model="last_touch",
                attributed_at=at("2025-03-12 10:00"),
            )
    return Example(
        "CPA",
        "4.C2",
        complete(e),
        [
            sliced("cost_per_acquisition", "campaign", "search", F(400), 2400, 6),
            sliced("cost_per_acquisition", "campaign", "social", F(800), 1600, 2),
            sliced("cost_per_acquisition", "campaign", "display", None, 300, 0),
            month("cost_per_acquisition", F("537.50"), 4300, 8),
        ],
        wrong=[
            month("cost_per_acquisition", F(600)),
            month("cost_per_acquisition", F(4300, 11)),
        ],
    )


def prospects() -> Example:
    e: Entities = {}
    facts = [
        ("P1", ["03-03"], "03-25"),
        ("P2", ["03-09"], None),
        ("P3", ["03-11", "03-13"], "04-30"),
        ("P4", ["02-25", "03-10"], "03-15"),
        ("P5", ["03-21"], "07-05"),
        ("P6", ["03-12"], "2024-11-01"),
    ]
    for account, created, paid in facts:
        for i, day in enumerate(created):
            lost = account == "P3" and i == 0
            steps = [("Qualify", f"2025-{day} 10:00")]
            if lost:
                steps.append(("lost", f"2025-{day} 18:00"))
            deal(e, f"{account}_{i}", f"2025-{day} 10:00", steps, account_id=account)
        if paid:
            subscription(e, account, f"{d(paid)} 12:00", 10)
    return Example(
        "PROSPECTS",
        "4.C3",
        complete(e),
        [
            month("conversion_rate", F(2, 4), 2, 4),
            month("conversion_rate", F(1), 1, 1, FEB),
        ],
    )


def lead_rows() -> Entities:
    e: Entities = {}
    facts: list[tuple[str, str, str | None, str | None]] = [
        ("L1", "2025-03-02T09:00Z", "03-19", "03-20"),
        ("L2", "2025-03-05T09:00Z", "05-28", "06-01"),
        ("L3", "2025-03-06T09:00Z", "06-18", "06-20"),
        ("L4", "2025-03-08T09:00Z", None, None),
        ("L5", "2025-03-10T09:00Z", None, None),
        ("L6", "2025-03-15T09:00Z", "03-28", "2023-06-01"),
        ("L7", "2025-03-31T21:59Z", None, None),
        ("L8", "2025-03-31T22:01Z", "04-05", "04-06"),
        ("L9", "2025-03-12T09:00Z", None, None),
        ("L10", "2025-03-18T09:00Z", "04-08", "04-10"),
        ("L11", "2025-03-20T09:00Z", "04-15", None),
    ]
    for key, created, won, paid in facts:
        account = f"acc_{key}" if won else None
        add(
            e,
            "lead",
            lead_id=key,
            created_at=at(created),
            source="web",
            campaign_id=None,
            owner_id="rep",
            email=f"{key}@people.example",
            converted_at=None,
            converted_account_id=account,
            converted_opportunity_id=f"opp_{key}" if won else None,
            referral_id=None,
            is_test=key == "L9",
            is_spam=False,
            is_deleted=False,
            merged_into_id="L1" if key == "L4" else None,
            first_touched_at=None,
        )
        if won:
            deal(
                e,
                f"opp_{key}",
                created,
                [("Qualify", created), ("won", f"{d(won)}T09:00Z")],
                account_id=account,
                lead_id=key,
                owner_id="rep",
                type="expansion" if key == "L6" else "new",
            )
        if paid and account:
            subscription(e, account, f"{d(paid)}T09:00Z", 10)
    return complete(e)


def leads() -> Example:
    return Example(
        "LEADS",
        "4.C4",
        lead_rows(),
        [
            month("lead_to_customer_rate", F(3, 7), 3, 7),
            month("lead_to_sale_conversion_rate", F(5, 8), 5, 8),
        ],
        mature={("lead_to_customer_rate", "month", MAR): True},
        wrong=[month("lead_to_customer_rate", F(3, 9))],
    )


def young_leads() -> Example:
    return Example(
        "LEADS-IMMATURE",
        "4.C4",
        lead_rows(),
        [month("lead_to_customer_rate", F(2, 7), 2, 7)],
        as_of=at("2025-05-15"),
        mature={("lead_to_customer_rate", "month", MAR): False},
    )


def web_event(e: Entities, name: str, when: str, **more: Any) -> None:
    row = {
        "event_id": f"w{len(e.get('web_event', [])) + 1}",
        "session_id": None,
        "visitor_id": None,
        "cart_id": None,
        "form_id": None,
        "order_id": None,
        "name": name,
        "occurred_at": at(when),
        "device": "mobile",
        "channel": "search",
        "country": "DE",
        "is_bot": False,
        "is_internal": False,
        "campaign": None,
    }
    row |= more
    row["session_id"] = row["session_id"] or f"session_{row['cart_id']}"
    add(e, "web_event", **row)


def abandonment() -> Example:
    e: Entities = {}
    facts = [
        ("c1", "2025-03-05 10:00", "2025-03-05 10:05", "2025-03-05 10:09"),
        ("c2", "2025-03-05 11:00", None, None),
        ("c3", "2025-03-06 09:00", "2025-03-06 09:10", None),
        ("c4", "2025-03-07 20:00", "2025-03-07 20:10", "2025-03-08 19:00"),
        ("c5", "2025-03-08 08:00", "2025-03-08 08:05", "2025-03-09 09:00"),
        ("c6", "2025-03-09 02:00", "2025-03-09 02:01", None),
        ("c7", "2025-03-31T21:50Z", "2025-03-31T21:55Z", "2025-03-31T22:10Z"),
    ]
    for cart, added, checkout, bought in facts:
        bot = cart == "c6"
        web_event(e, "add_to_cart", added, cart_id=cart, is_bot=bot)
        if checkout:
            web_event(e, "begin_checkout", checkout, cart_id=cart, is_bot=bot)
        if bought:
            web_event(e, "purchase", bought, cart_id=cart)
    for i in range(4):
        more = {"session_id": f"f{i}", "form_id": "contact"}
        web_event(e, "form_start", f"2025-03-1{i} 10:00", **more)
        if i:
            web_event(e, "form_submit", f"2025-03-1{i} 10:05", **more)
    return Example(
        "ABANDONMENT",
        "4.C6",
        complete(e),
        [
            month("cart_abandonment_rate", F(3, 6), 3, 6),
            month("abandonment_rate", F(3, 6), 3, 6),
            month("checkout_abandonment_rate", F(2, 5), 2, 5),
            month("form_abandonment_rate", F(1, 4), 1, 4),
            month("late_recovery_count", F(1)),
        ],
    )


def reps(e: Entities) -> None:
    """The sales team of 4.D4: 1 + 15/31 + 0.5 FTE in March."""
    for user, role, fte, start, quota in (
        ("rep1", "sales_rep", "1", "2024-01-01", True),
        ("rep2", "sales_rep", "1", "2025-03-17", True),
        ("rep3", "sales_rep", "0.5", "2024-01-01", True),
        ("boss", "sales_manager", "1", "2024-01-01", False),
    ):
        staff_row(e, user, role=role, team="north")
        add(
            e,
            "staff_assignment",
            user_id=user,
            role=role,
            team="north",
            fte=Decimal(fte),
            quota_carrying=quota,
            valid_from=d(start),
            valid_to=None,
        )


def referrals() -> Example:
    e: Entities = {}
    reps(e)
    staff_row(e, "engineer", role="admin", team="product")
    facts: list[tuple[str, str, dict[str, Any], str]] = [
        ("f1", "customer", {"referrer_account_id": "A"}, "x1"),
        ("f2", "customer", {"referrer_account_id": "B"}, "x1"),
        ("f3", "employee", {"referrer_user_id": "rep1"}, "x3"),
        ("f4", "employee", {"referrer_user_id": "engineer"}, "x4"),
        ("f5", "customer", {"referrer_account_id": "C"}, "x5"),
        ("f6", "partner", {}, "x6"),
        ("f7", "employee", {"referrer_user_id": "rep1"}, "x7"),
    ]
    accounts = {"x1": "acc_x1", "x6": "acc_x6", "x5": "C"}
    seen: set[str] = set()
    for i, (key, kind, who, lead) in enumerate(facts, 3):
        when = "2025-03-31T22:15Z" if key == "f7" else f"2025-03-0{i} 10:00"
        row = {
            "referral_id": key,
            "referrer_type": kind,
            "referrer_account_id": None,
            "referrer_user_id": None,
            "referred_email": f"{lead}@people.example",
            "created_at": at(when),
            "lead_id": lead,
        }
        add(e, "referral", **(row | who))
        if lead not in seen:
            seen.add(lead)
            add(
                e,
                "lead",
                lead_id=lead,
                created_at=at(when),
                source="referral",
                owner_id="rep1",
                email=f"{lead}@people.example",
                converted_account_id=accounts.get(lead),
                referral_id=None,
                is_test=False,
                is_deleted=False,
                merged_into_id=None,
            )
    for account in ("acc_x1", "acc_x6", *(f"other{i}" for i in range(6))):
        subscription(e, account, "2025-03-20", 10)
    return Example(
        "REFERRALS",
        "4.C7",
        complete(e),
        [
            month("referral_count", F(4)),
            month("sales_team_referral_share", F(1, 4), 1, 4),
            month("referral_rate", F(2, 8), 2, 8),
            month("referrals_per_rep", F(1) / F(123, 62), 1, F(123, 62)),
        ],
    )


# -- 4.D ------------------------------------------------------------------------------------------


def cycles() -> Example:
    e: Entities = {}

    def z(day: str, time: str = "09:00") -> str:
        return f"2025-{day}T{time}Z"

    deal(e, "w1", z("02-01"), [("Qualify", z("02-01")), ("won", z("03-03"))], lead_id="lw1")
    add(
        e,
        "lead",
        lead_id="lw1",
        created_at=at(z("01-10")),
        source="web",
        owner_id=None,
        email="lw1@people.example",
        converted_account_id="acc_w1",
        is_test=False,
        is_deleted=False,
        merged_into_id=None,
    )
    deal(
        e,
        "w2",
        z("03-01", "08:00"),
        [("Qualify", z("03-01", "08:00")), ("won", z("03-16", "08:00"))],
    )
    deal(e, "w3", z("02-05"), [("Qualify", z("02-05")), ("lost", z("03-10"))])
    deal(e, "w4", z("02-20"), [("Qualify", z("02-20"))])
    deal(e, "w5", z("03-01"), [("Qualify", z("03-01")), ("won", z("03-20"))], type="renewal")
    deal(
        e,
        "w6",
        z("02-10"),
        [
            ("Qualify", z("02-10")),
            ("won", z("03-01")),
            ("Negotiate", z("03-05")),
            ("won", z("03-22")),
        ],
    )
    deal(e, "w7", z("03-15"), [("won", z("03-14"))])
    keys = [(k, "month", MAR) for k in ("sales_cycle_length", "sales_cycle_duration")]
    return Example(
        "CYCLES",
        "4.D1",
        complete(e),
        [
            month("sales_cycle_length", F(85, 3), 85, 3),
            month("sales_cycle_length_p50", F(30)),
            month("sales_cycle_duration", F(107, 3), 107, 3),
            month("sales_cycle_duration_p50", F(40)),
            month("open_opportunity_count", F(1)),
        ],
        censored=dict.fromkeys(keys, 1),
        rejected=dict.fromkeys(keys, 1),
    )


def stages() -> Example:
    e: Entities = {}

    def z(day: str) -> str:
        return f"2025-{day}T09:00Z"

    deal(
        e,
        "x",
        z("03-01"),
        [("Qualify", z("03-01")), ("Propose", z("03-06")), ("Negotiate", z("03-16"))],
    )
    deal(
        e,
        "y",
        z("02-20"),
        [
            ("Qualify", z("02-20")),
            ("Propose", z("03-02")),
            ("Qualify", z("03-08")),
            ("Propose", z("03-12")),
            ("lost", z("03-30")),
        ],
    )
    deal(e, "z", z("03-05"), [("Propose", z("03-05")), ("Negotiate", z("03-25"))])
    # z leaves Negotiate at once, so that one open visit is left, as printed.
    e["opportunity_stage_event"][-1] |= {"stage": "won", "stage_order": 8}
    e["opportunity"][-1] |= {"stage": "won", "is_won": True, "is_closed": True}
    return Example(
        "STAGES",
        "4.D2",
        complete(e),
        [
            sliced("stage_velocity", "stage", "Qualify", F(19, 3), 19, 3),
            sliced("stage_velocity", "stage", "Propose", F(15), 30, 2),
            sliced("stage_advance_rate", "stage", "Propose", F(1, 2), 2, 4),
            sliced("stage_regression_rate", "stage", "Propose", F(1, 4), 1, 4),
            sliced("stage_loss_rate", "stage", "Propose", F(1, 4), 1, 4),
        ],
        censored={("stage_velocity", "month", MAR): 1},
    )


def forecast() -> Example:
    e: Entities = {}
    for owner, amount in (("r1", 120000), ("r2", 60000), ("r3", 20000)):
        owned_deal(e, f"opp_{owner}", owner, amount)
    submissions = [("r1", 100000, "02-27"), ("r1", 120000, "03-20"), ("r2", 80000, "02-27")]
    submissions.append(("r4", 10000, "02-27"))
    for i, (owner, amount, day) in enumerate(submissions, 1):
        submission(e, f"f{i}", owner, amount, f"2025-{day} 10:00")
    return Example(
        "FORECAST",
        "4.D3",
        complete(e),
        [
            month("sales_forecast_accuracy", F("0.65"), 70000, 200000),
            month("sales_forecast_accuracy_net", F("0.95")),
            month("forecast_attainment", F(20, 19), 200000, 190000),
            month("forecast_bias", F("-0.05"), -10000, 200000),
            sliced("sales_forecast_accuracy", "owner", "r4", None),
            month("unforecast_amount", F(20000)),
            # the later submission of 20 March counts from the cut-off of 22 March on
            *(month(f"forecast_accuracy_week_{k}", F("0.65"), 70000, 200000) for k in (1, 2)),
            *(month(f"forecast_accuracy_week_{k}", F("0.75"), 50000, 200000) for k in (3, 4)),
        ],
        wrong=[month("sales_forecast_accuracy", F("0.75"))],
    )


def owned_deal(e: Entities, key: str, owner: str, amount: Any, won: str = "2025-03-10") -> None:
    """A deal won by an owner who also owns the account at that time."""
    deal(
        e,
        key,
        f"{won} 08:00",
        [("Qualify", f"{won} 08:00"), ("won", f"{won} 12:00")],
        owner_id=owner,
        amount=n(amount),
    )
    add(
        e,
        "account_history",
        account_id=f"acc_{key}",
        owner_id=owner,
        segment="smb",
        region="north",
        valid_from=at("2024-01-01"),
        valid_to=None,
    )


def submission(e: Entities, key: str, owner: str, amount: Any, when: str) -> None:
    add(
        e,
        "forecast_submission",
        forecast_id=key,
        owner_id=owner,
        period_start=MAR,
        period_grain="month",
        amount=n(amount),
        currency="EUR",
        submitted_at=at(when),
    )


def owner_then() -> Example:
    """7.B09: won by r1 on 10 March; the account moves to r2 on 20 March."""
    e: Entities = {}
    owned_deal(e, "moved", "r1", 10000)
    e["opportunity"][0]["owner_id"] = "r2"
    e["account_history"][0]["valid_to"] = at("2025-03-20")
    later = {"owner_id": "r2", "valid_from": at("2025-03-20"), "valid_to": None}
    add(e, "account_history", **(e["account_history"][0] | later))
    return Example(
        "OWNER-THEN",
        "7.B09",
        complete(e),
        [
            sliced("average_deal_size", "owner", "r1", F(10000), 10000, 1),
            month("average_deal_size", F(10000), 10000, 1),
        ],
    )


def clipped_forecast() -> Example:
    e: Entities = {}
    owned_deal(e, "opp", "r1", 10000)
    submission(e, "f1", "r1", 50000, "2025-02-27 10:00")
    return Example(
        "FORECAST-CLIPPED",
        "4.D3",
        complete(e),
        [month("sales_forecast_accuracy", F(0), 40000, 10000)],
        wrong=[month("sales_forecast_accuracy", F(-3))],
    )


def salespeople() -> Example:
    e: Entities = {}
    reps(e)
    owned_deal(e, "d1", "rep1", 30000)
    owned_deal(e, "d2", "rep1", 10000)
    for user, share in (("rep1", "0.6"), ("rep3", "0.4")):
        add(e, "opportunity_split", opportunity_id="d2", user_id=user, share=Decimal(share))
    owned_deal(e, "d3", "rep3", 10000)
    owned_deal(e, "d4", "rep2", 11500, "2025-03-20")
    owned_deal(e, "d5", "boss", 5000)
    for user in ("rep1", "rep2", "rep3"):
        add(
            e,
            "quota",
            user_id=user,
            team=None,
            period_start=MAR,
            period_end=APR,
            amount=n(25000),
            currency="EUR",
        )
    return Example(
        "SALESPEOPLE",
        "4.D4",
        complete(e),
        [
            month("revenue_per_salesperson", F(31000), 61500, F(123, 62)),
            month("uncredited_won_amount", F(5000)),
            month("quota_attainment", F("0.82"), 61500, 75000),
        ],
        wrong=[month("revenue_per_salesperson", F(20500))],
    )


def pipeline() -> Example:
    e: Entities = {}
    facts: list[tuple[str, Any, str | None, str | None, str]] = [
        ("q1", 10000, "04-30", "0.50", "rep"),
        ("q2", None, "05-10", "0.20", "rep"),
        ("q3", 5000, "03-15", "0.20", "rep"),
        ("q4", 8000, "05-31", "0.25", "rep"),
        ("q5", 12000, "06-15", "0.60", "rep"),
        ("q6", 20000, None, None, "rep"),
        ("q7", 7000, "06-01", "0.10", "gone"),
    ]
    staff_row(e, "rep", role="sales_rep")
    staff_row(e, "gone", role="sales_rep", is_active=False)
    for key, amount, close, share, owner in facts:
        steps = [("Qualify", "2025-02-01 09:00")]
        if key == "q6":
            steps.append(("won", "2025-03-28 12:00"))
        deal(
            e,
            key,
            "2025-02-01 09:00",
            steps,
            amount=n(amount),
            close_date=d(close) if close else d("03-28"),
            probability=n(share),
            owner_id=owner,
            next_step="call",
            last_activity_at=at("2025-01-10 10:00" if key == "q4" else "2025-03-25 10:00"),
        )
        add(
            e,
            "opportunity_snapshot",
            snapshot_date=d("03-31"),
            opportunity_id=key,
            stage=steps[-1][0],
            amount=n(amount),
            currency="EUR",
            close_date=d(close) if close else d("03-28"),
            probability=n(share),
            forecast_category=None,
            owner_id=owner,
        )
    add(
        e,
        "quota",
        user_id="rep",
        team=None,
        period_start=Q2,
        period_end=d("07-01"),
        amount=n(20000),
        currency="EUR",
    )
    return Example(
        "PIPELINE",
        "4.D5",
        complete(e),
        [
            month("pipeline_visibility_rate", F(2, 6), 2, 6),
            ("pipeline_visibility_rate", "day", d("03-31"), "all", "all", 2, 6, F(2, 6)),
            month("open_pipeline_amount", F(42000)),
            month("weighted_pipeline_amount", F(15900)),
            month("visible_pipeline_share", F(22, 42), 22000, 42000),
            month("pipeline_missing_amount_count", F(1)),
            ("pipeline_coverage", "quarter", Q2, "all", "all", 37000, 20000, F("1.85")),
        ],
    )


def wins() -> Example:
    """12 won of 20 000 after 40 days, 18 lost of 260 000 in all, 3 duplicates, 20 open."""
    e: Entities = {}

    def closed(key: str, stage: str, amount: str, reason: str | None = None) -> None:
        created = "2025-02-01T09:00Z"
        steps = [("Qualify", created), (stage, "2025-03-13T09:00Z")]
        deal(e, key, created, steps, amount=Decimal(amount), loss_reason=reason)

    for i in range(12):
        closed(f"won{i}", "won", "20000")
    for i in range(18):
        closed(f"lost{i}", "lost", "14400" if i < 17 else "15200", "price")
    for i in range(3):
        closed(f"dup{i}", "lost", "5000", "duplicate")
    for i in range(20):
        created = "2025-03-01T09:00Z"
        deal(e, f"open{i}", created, [("Qualify", created)])
    return Example(
        "WINS",
        "5.3",
        complete(e),
        [
            month("win_rate", F(12, 30), 12, 30),
            month("win_rate_value", F(240, 500), 240000, 500000),
            month("average_deal_size", F(20000), 240000, 12),
            month("sales_velocity", F(4000), 160000, 40),
        ],
    )


def slipped() -> Example:
    e: Entities = {}
    staff_row(e, "rep", role="sales_rep")
    for i in range(9):
        key = f"s{i}"
        steps = [("Propose", "2025-02-01 09:00")]
        if i < 4:
            steps.append(("won", "2025-03-20 12:00"))
        deal(e, key, "2025-02-01 09:00", steps, owner_id="rep", close_date=d("04-15"))
        for day, close in ((d("02-28"), d("03-20")), (d("03-31"), d("04-15"))):
            if day.month == 3 and i < 4:
                continue
            add(
                e,
                "opportunity_snapshot",
                snapshot_date=day,
                opportunity_id=key,
                stage="Propose",
                amount=n(1000),
                currency="EUR",
                close_date=close,
                probability=n("0.5"),
                forecast_category=None,
                owner_id="rep",
            )
    return Example("SLIPPED", "5.3", complete(e), [month("slipped_deal_rate", F(5, 9), 5, 9)])


def outreach() -> Example:
    e: Entities = {}
    for key, minutes in (("a", 10), ("b", 50), ("c", None)):
        created = at("2025-03-05 10:00")
        add(
            e,
            "lead",
            lead_id=key,
            created_at=created,
            source="web",
            owner_id="rep",
            email=f"{key}@people.example",
            is_test=False,
            is_deleted=False,
            merged_into_id=None,
            first_touched_at=created + timedelta(minutes=minutes) if minutes else None,
        )
    return Example(
        "OUTREACH",
        "5.3",
        complete(e),
        [month("speed_to_lead", F(30), 60, 2)],
        censored={("speed_to_lead", "month", MAR): 1},
    )


# -- 4.E ------------------------------------------------------------------------------------------


def responses() -> Example:
    e: Entities = {}
    for weekday in range(1, 6):
        add(
            e,
            "business_schedule",
            schedule_id="office",
            time_zone="Europe/Berlin",
            weekday=weekday,
            opens="09:00",
            closes="17:00",
            valid_from=None,
            valid_to=None,
        )
    staff_row(e, "bot", is_bot=True)
    office = {"schedule_id": "office"}
    ticket(e, "t1", "2025-03-28 16:30", **office)
    message(e, "t1", "bot", "2025-03-28 16:31", who="bot")
    message(e, "t1", "agent", "2025-03-28 16:40", public=False)
    message(e, "t1", "agent", "2025-03-31 09:30")
    ticket(e, "t2", "2025-03-10 10:00", **office)
    message(e, "t2", "agent", "2025-03-10 10:20")
    ticket(e, "t3", "2025-03-11 10:00", "agent", **office)
    message(e, "t3", "customer", "2025-03-12 09:00")
    message(e, "t3", "agent", "2025-03-12 09:45")
    ticket(e, "t4", "2025-03-20 12:00", **office)
    ticket(e, "t5", "2025-03-31 23:50", **office)
    message(e, "t5", "agent", "2025-04-01 00:10")
    ticket(e, "t6", "2025-02-28 22:00", **office)
    message(e, "t6", "agent", "2025-03-01 00:30")
    ticket(e, "t7", "2025-03-10 10:01", merged_into_id="t2", **office)
    keys = [(k, "month", MAR) for k in ("first_response_time", "first_response_time_business")]
    return Example(
        "RESPONSES",
        "4.E1",
        complete(e),
        [
            month("first_response_time", F(4010, 3), 4010, 3),
            month("first_response_time_p50", F(150)),
            month("first_response_time_p90", F(3102)),
            month("first_response_time_business", F(80, 3), 80, 3),
            month("first_response_time_business_p50", F(20)),
            month("awaiting_first_response_count", F(1)),
            month("first_response_time", F(20), 20, 1, APR),
            month("first_response_time_business", F(0), 0, 1, APR),
        ],
        censored=dict.fromkeys(keys, 1),
    )


def handling() -> Example:
    e: Entities = {}

    def leg(interaction: str, agent: str | None, kind: str, start: str, end: str) -> None:
        add(
            e,
            "handle_segment",
            segment_id=f"h{len(e.get('handle_segment', [])) + 1}",
            interaction_id=interaction,
            ticket_id=None,
            agent_id=agent,
            channel="chat" if interaction in ("i4", "i5") else "phone",
            kind=kind,
            started_at=at(f"2025-03-{start}"),
            ended_at=at(f"2025-{end}" if len(end) > 8 else f"2025-03-{end}"),
        )

    leg("i1", "a1", "talk", "05 10:00", "05 10:06")
    leg("i1", "a1", "hold", "05 10:06", "05 10:08")
    leg("i1", "a1", "wrap", "05 10:08", "05 10:10")
    leg("i2", "a1", "talk", "05 11:00", "05 11:04")
    leg("i2", "a1", "wrap", "05 11:04", "05 11:05")
    leg("i2", "a2", "talk", "05 11:04", "05 11:12")
    leg("i2", "a2", "hold", "05 11:12", "05 11:13")
    leg("i2", "a2", "wrap", "05 11:13", "05 11:14")
    leg("i3", None, "queue", "05 12:00", "05 12:03")
    leg("i4", "a1", "work", "05 14:00", "05 14:20")
    leg("i5", "a1", "work", "05 14:10", "05 14:30")
    leg("i6", "a1", "talk", "31 23:55", "04-01 00:05")
    return Example(
        "HANDLING",
        "4.E2",
        complete(e),
        [
            month("average_handle_time", F(55, 4), 55, 4),
            month("average_handle_time", F(10), 10, 1, APR),
            sliced("average_handle_time", "agent", "a2", F(10), 10, 1),
            sliced("average_handle_time", "agent", "a1", F(45, 4), 45, 4),
        ],
        wrong=[month("average_handle_time", F(11)), month("average_handle_time", F("16.25"))],
    )


def resolutions() -> Example:
    e: Entities = {}

    def z(day: str, time: str = "09:00") -> str:
        return f"2025-{day}T{time}Z"

    ticket(e, "v1", z("03-01"))
    for state, when in (("solved", "03-02"), ("open", "03-03"), ("solved", "03-04")):
        status(e, "v1", state, z(when))
    ticket(e, "v2", z("02-27", "10:00"))
    status(e, "v2", "solved", z("03-03", "10:00"))
    status(e, "v2", "closed", z("03-07", "10:00"))
    ticket(e, "v3", z("03-05", "08:00"))
    status(e, "v3", "open", z("03-05", "08:10"))
    ticket(e, "v4", z("03-06", "08:00"), merged_into_id="v3")
    status(e, "v4", "closed", z("03-06", "09:00"), cause="merge")
    ticket(e, "v5", z("03-30", "12:00"))
    status(e, "v5", "solved", z("03-31", "22:30"))
    ticket(e, "v6", z("03-09", "10:00"))
    status(e, "v6", "solved", z("03-10", "10:00"))
    status(e, "v6", "open", z("03-30", "10:00"))
    return Example(
        "RESOLUTIONS",
        "4.E3",
        complete(e),
        [
            month("average_resolution_time", F(5040), 10080, 2),
            month("first_resolution_time", F(2880), 8640, 3),
            month("reopen_rate", F(2, 3), 2, 3),
        ],
        censored={
            ("average_resolution_time", "month", MAR): 2,
            ("first_resolution_time", "month", MAR): 1,
        },
    )


def fcr_rows() -> Entities:
    e: Entities = {}
    facts: list[tuple[str, str, int, dict[str, Any]]] = [
        ("g1", "03-05", 1, {}),
        ("g2", "03-06", 3, {}),
        ("g3", "03-07", 1, {}),
        ("g4", "03-10", 1, {"requester_contact_id": "person"}),
        ("g5", "03-13", 1, {"requester_contact_id": "person"}),
        ("g6", "03-14", 2, {"first_level_resolvable": False}),
        ("g7", "03-15", 1, {"by": "agent"}),
        ("g8", "03-28", 1, {}),
    ]
    for key, day, count, more in facts:
        ticket(e, key, f"2025-{day} 09:00", **more)
        for i in range(count):
            message(e, key, "agent", f"2025-{day} 1{i}:00")
        status(e, key, "solved", f"2025-{day} 15:00")
    status(e, "g3", "open", "2025-03-09 10:00", cause="agent")
    return complete(e)


def first_contact() -> Example:
    return Example(
        "FCR",
        "4.E4",
        fcr_rows(),
        [
            month("first_contact_resolution", F(2, 5), 2, 5),
            month("first_contact_resolution_gross", F(2, 6), 2, 6),
        ],
        as_of=at("2025-04-20"),
        mature={("first_contact_resolution", "month", MAR): True},
    )


def young_first_contact() -> Example:
    return Example(
        "FCR-IMMATURE",
        "4.E4",
        fcr_rows(),
        [month("first_contact_resolution", F(1, 4), 1, 4)],
        as_of=at("2025-04-01"),
        mature={("first_contact_resolution", "month", MAR): False},
    )


def productivity() -> Example:
    e: Entities = {}
    staff_row(e, "bot", is_bot=True)
    for i in range(31 + 11 + 50):
        key = f"p{i}"
        who = "a1" if i < 31 else "a2" if i < 42 else "bot"
        ticket(e, key, "2025-03-03 09:00")
        status(e, key, "solved", "2025-03-10 10:00", who)
    status(e, "p0", "open", "2025-03-11 10:00")
    status(e, "p0", "solved", "2025-03-12 10:00", "a2")
    for agent, hours in (("a1", 100), ("a2", 20)):
        add(
            e,
            "agent_time",
            agent_id=agent,
            work_date=d("03-10"),
            logged_in_minutes=n(hours * 60),
            available_minutes=n(hours * 60),
        )
    return Example(
        "PRODUCTIVITY",
        "4.E5",
        complete(e),
        [
            sliced("agent_productivity", "agent", "a1", F("0.3"), 30, 100),
            sliced("agent_productivity", "agent", "a2", F("0.6"), 12, 20),
            month("agent_productivity", F("0.35"), 42, 120),
        ],
        wrong=[month("agent_productivity", F("0.45"))],
    )


def backlog() -> Example:
    """40 open + 120 created (3 of them voided) + 6 reopened - 130 solved = 33."""
    e: Entities = {}
    for i in range(40):
        ticket(e, f"old{i}", "2025-02-10 09:00")
    for i in range(6):
        ticket(e, f"back{i}", "2025-02-05 09:00")
        status(e, f"back{i}", "solved", "2025-02-06 09:00")
        status(e, f"back{i}", "open", "2025-03-06 09:00")
    for i in range(120):
        ticket(e, f"new{i}", "2025-03-05 09:00", is_spam=i >= 117)
    for i in range(117):
        status(e, f"new{i}", "solved", "2025-03-20 09:00")
    for i in range(13):
        status(e, f"old{i}", "solved", "2025-03-20 09:00")
    return Example(
        "BACKLOG",
        "5.4",
        complete(e),
        [month("backlog", F(40), when=FEB), month("backlog", F(33))],
    )


def backlog_age() -> Example:
    e: Entities = {}
    for key, when in (("b1", "23:00"), ("b2", "21:00"), ("b3", "14:00")):
        ticket(e, key, f"2025-03-31 {when}")
        status(e, key, "new", f"2025-03-31 {when}")
    return Example(
        "BACKLOG-AGE",
        "5.4",
        complete(e),
        [month("backlog_age", F(280), 840, 3), month("backlog", F(3))],
        as_of=at("2025-04-01"),
    )


def promises() -> Example:
    e: Entities = {}
    for i in range(6):
        key = f"s{i}"
        ticket(e, key, "2025-03-10 09:00")
        add(
            e,
            "sla_target",
            ticket_id=key,
            metric="resolution",
            target_minutes=n(60 * 24 * 400 if i == 5 else 120),
            in_business_hours=False,
            applied_at=at("2025-03-10 09:00"),
        )
        if i < 4:
            status(e, key, "solved", "2025-03-10 10:00" if i < 3 else "2025-03-11 10:00")
    return Example("SLA", "5.4", complete(e), [month("sla_attainment", F(3, 5), 3, 5)])


def bots() -> Example:
    e: Entities = {}
    staff_row(e, "bot", is_bot=True)
    for i in range(50):
        key = f"b{i}"
        ticket(e, key, "2025-03-10 09:00")
        if i >= 10:
            message(e, key, "agent", "2025-03-10 09:30")
        status(e, key, "solved", "2025-03-10 10:00", "a1" if i >= 10 else "bot")
    return Example("BOTS", "5.4", complete(e), [month("bot_resolution_rate", F(1, 5), 10, 50)])


def contacts() -> Example:
    """The printed 120 tickets over 1 500 customers, a tenth of each."""
    e: Entities = {}
    for i in range(150):
        subscription(e, f"c{i:03}", "2025-01-01", 10)
    for i in range(12):
        ticket(e, f"t{i}", "2025-03-10 09:00", account_id="c001")
    ticket(e, "outbound", "2025-03-10 09:00", "agent", account_id="c001")
    return Example("CONTACTS", "5.2", complete(e), [month("contact_rate", F(8))])


# -- 4.F ------------------------------------------------------------------------------------------


def answer(e: Entities, kind: str, who: str, score: Any, when: str, **more: Any) -> None:
    low, high = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}[kind]
    row = {
        "response_id": f"r{len(e.get('survey_response', [])) + 1}",
        "survey_id": kind,
        "kind": kind,
        "scale_min": low,
        "scale_max": high,
        "score": n(score),
        "respondent_id": who,
        "account_id": f"acc_{who}",
        "ticket_id": None,
        "responded_at": at(when),
        "had_to_repeat": None,
        "is_test": False,
        "invitation_id": None,
        "is_deleted": False,
    }
    add(e, "survey_response", **(row | more))


def promoters() -> Example:
    e: Entities = {}
    for who, score in (("R1", 10), ("R2", 9), ("R3", 8), ("R4", 6), ("R5", 3), ("R6", 11)):
        answer(e, "nps", who, score, "2025-03-05 10:00")
    answer(e, "nps", "R5", 9, "2025-03-09 10:00")
    answer(e, "nps", "R7", 10, "2025-03-06 10:00", is_test=True)
    answer(e, "nps", "R8", 7, "2025-03-06 10:00")
    answer(e, "nps", "R9", 0, "2025-03-06 10:00")
    return Example(
        "NPS",
        "4.F1",
        complete(e),
        [
            month("net_promoter_score", F(100, 7), 1, 7),
            month("nps_margin_of_error", Decimal("61.708994")),
        ],
        rejected={("net_promoter_score", "month", MAR): 1},
        wrong=[month("net_promoter_score", F(0))],
    )


def satisfaction() -> Example:
    e: Entities = {}
    for i, score in enumerate((5, 4, 3, 2, None, 1, None), 1):
        key = f"k{i}"
        ticket(e, key, "2025-03-03 09:00")
        add(
            e,
            "survey_invitation",
            invitation_id=f"i{i}",
            survey_id="csat",
            sent_at=at("2025-03-04 09:00"),
        )
        about = {"ticket_id": key, "account_id": f"acc_{key}", "invitation_id": f"i{i}"}
        if i != 5:
            answer(e, "csat", f"p{i}", score, "2025-03-05 09:00", **about)
        if i == 4:
            answer(e, "csat", f"p{i}", 5, "2025-03-06 09:00", **about)
    return Example(
        "CSAT",
        "4.F2",
        complete(e),
        [
            month("customer_satisfaction_score", F(3, 5), 3, 5),
            month("csat_mean", F("3.6"), 18, 5),
            month("survey_response_rate", F(5, 7), 5, 7),
        ],
    )


def effort() -> Example:
    e: Entities = {}
    for i, score in enumerate((7, 6, 5, 4, 2), 1):
        answer(e, "ces", f"p{i}", score, "2025-03-05 10:00")
    answer(e, "ces", "p6", 2, "2025-03-05 10:00", survey_id="ces_old", scale_max=5)
    return Example(
        "CES",
        "4.F3",
        complete(e),
        [
            month("customer_effort_score", F("4.8"), 24, 5),
            month("ces_easy_rate", F("0.6"), 3, 5),
            sliced("customer_effort_score", "survey", "ces_old", F(2), 2, 1),
            sliced("customer_effort_score", "survey", "ces", F("4.8"), 24, 5),
        ],
    )


def repetition() -> Example:
    e: Entities = {}
    for i in range(10):
        answer(
            e,
            "csat",
            f"p{i}",
            4,
            "2025-03-05 10:00",
            had_to_repeat=True if i < 2 else False if i < 8 else None,
        )
    for i in range(20):
        key = f"h{i}"
        ticket(e, key, "2025-03-03 09:00")
        message(e, key, "agent", "2025-03-03 10:00")
        if i < 5:
            message(e, key, "agent", "2025-03-03 11:00", who="a2")
        status(e, key, "solved", "2025-03-04 09:00")
    return Example(
        "REPEAT",
        "4.F4",
        complete(e),
        [
            month("repeat_information_rate", F(1, 4), 2, 8),
            month("handoff_rate", F(1, 4), 5, 20),
        ],
    )


# -- 4.G and cohorts ------------------------------------------------------------------------------


def goal(e: Entities, key: str, kpi_id: str, base: Any, target: Any, **more: Any) -> None:
    row = {
        "goal_id": key,
        "kpi_id": kpi_id,
        "dim_name": "all",
        "dim_value": "all",
        "owner_id": "boss",
        "objective": "Keep customers",
        "baseline_value": n(base),
        "target_value": n(target),
        "period_start": MAR,
        "period_end": APR,
        "set_at": at("2025-02-20 10:00"),
    }
    add(e, "goal", **(row | more))


def goal_example(name: str, stay: int, expected: list[tuple[str, Any]]) -> Example:
    """100 customers of whom `stay` stay, and one ticket first answered after 75 minutes."""
    e: Entities = {}
    for i in range(100):
        ended = None if i < stay else "2025-03-15"
        subscription(e, f"c{i:03}", "2025-02-01", 10, ended)
    ticket(e, "t", "2025-03-05 10:00")
    message(e, "t", "agent", "2025-03-05 11:15")
    staff_row(e, "boss", role="sales_manager")
    goal(e, "retention", "customer_retention_rate", "0.80", "0.90")
    goal(e, "response", "first_response_time", 120, 60)
    goal(e, "flat", "customer_retention_rate", "0.90", "0.90")
    goal(e, "late", "customer_retention_rate", "0.80", "0.90", set_at=at("2025-03-02 10:00"))
    rows = [sliced("goal_attainment", "goal", key, value) for key, value in expected]
    return Example(name, "4.G1", complete(e), rows)


def goals() -> list[Example]:
    return [
        goal_example(
            "GOALS-86",
            86,
            [("retention", F("0.6")), ("response", F("0.75")), ("flat", None), ("late", None)],
        ),
        goal_example("GOALS-78", 78, [("retention", F("-0.2"))]),
        goal_example("GOALS-93", 93, [("retention", F("1.3"))]),
    ]


def trials() -> Example:
    e: Entities = {}
    for i in range(8):
        ended = None if i < 3 else "2025-03-15"
        subscription(
            e,
            f"t{i}",
            "2025-03-01",
            10,
            ended,
            trial_start=at("2025-03-01"),
            trial_end=at("2025-03-15"),
        )
    subscription(
        e, "running", "2025-03-01", 10, trial_start=at("2025-03-01"), trial_end=at("2025-08-01")
    )
    return Example(
        "TRIALS",
        "5.1",
        complete(e),
        [month("trial_conversion_rate", F(3, 8), 3, 8)],
        censored={("trial_conversion_rate", "month", MAR): 1},
    )


def cohorts() -> Example:
    """Cohort of March: 4 of 4, 2 of 4, 3 of 4 (one returned), not yet observed."""
    e: Entities = {}
    subscription(e, "x1", "2025-03-05", 10)
    subscription(e, "x2", "2025-03-05", 10)
    subscription(e, "x3", "2025-03-05", 10, "2025-04-10", key="s_x3a")
    subscription(e, "x3", "2025-05-10", 10, key="s_x3b")
    subscription(e, "x4", "2025-03-05", 10, "2025-04-10")
    cells = [(0, 4), (1, 2), (2, 3), (3, None)]
    table = [
        {
            "cohort_month": MAR,
            "k": k,
            "numerator": kept,
            "denominator": 4,
            "value": None if kept is None else F(kept, 4),
        }
        for k, kept in cells
    ]
    return Example(
        "COHORTS",
        "5.1",
        complete(e),
        [],
        as_of=at("2025-06-15"),
        tables={"cohort_retention": table},
    )


MAKERS: list[Callable[[], Example]] = [
    ledger,
    statement,
    quarter_example,
    annual_invoice,
    growth,
    partial_growth,
    cost_of_goods,
    renewal,
    upsell,
    purchases,
    rfm,
    cac,
    cpa,
    prospects,
    leads,
    young_leads,
    abandonment,
    referrals,
    cycles,
    stages,
    forecast,
    owner_then,
    clipped_forecast,
    salespeople,
    pipeline,
    wins,
    slipped,
    outreach,
    responses,
    handling,
    resolutions,
    first_contact,
    young_first_contact,
    productivity,
    backlog,
    backlog_age,
    promises,
    bots,
    contacts,
    promoters,
    satisfaction,
    effort,
    repetition,
    trials,
    cohorts,
]


def examples() -> list[Example]:
    """Every worked example, freshly built."""
    return [make() for make in MAKERS] + goals()
