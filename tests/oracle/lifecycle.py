"""Recurring revenue, valid orders and the state of a customer (contract 4.A1, G-21)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from .identity import FAR_AWAY, LONG_AGO, Row, World
from .money import ZERO, exact, money
from .periods import ONE_DAY, Period

VALID_ORDER = ("paid", "fulfilled")
COUNTED_INVOICE = ("paid", "open")
MONTHS = {
    "month": Fraction(1),
    "year": Fraction(12),
    "week": Fraction(12, 52),
    "day": Fraction(12, 365),
}


@dataclass(frozen=True)
class MrrItem:
    """One active recurring item version: its net price per month in its own currency."""

    account: str
    subscription: str
    item: str
    product: str | None
    plan: str | None
    interval: str
    currency: str | None
    monthly: Fraction


def version_months(version: Row) -> Fraction:
    return MONTHS[version["interval"]] * (version.get("interval_count") or 1)


def gross_monthly(version: Row) -> Fraction:
    """Quantity times price per month, before discounts, in the version's currency."""
    return (
        exact(version.get("quantity"), 1) * exact(version["unit_price"]) / version_months(version)
    )


def is_recurring(version: Row) -> bool:
    return (version.get("price_type") or "recurring") == "recurring"


def subscription_end(world: World, sub: Row) -> tuple[datetime, str]:
    """When service ends and of which kind the loss is: voluntary or involuntary."""
    ends = []
    if sub.get("unpaid_at"):
        ends.append((sub["unpaid_at"], "involuntary"))
    if sub.get("past_due_since"):
        cut = world.calendar.plus_days(sub["past_due_since"], world.params["dunning_days"])
        ends.append((cut, "involuntary"))
    for column in ("ended_at", "deleted_at"):
        if sub.get(column):
            ends.append((sub[column], "voluntary"))
    return min(ends) if ends else (FAR_AWAY, "voluntary")


def overlaps(start: datetime | None, end: datetime | None, t: datetime, before: bool) -> bool:
    """Is `[start, end)` in force at t, or (before) just before t?"""
    low, high = start or LONG_AGO, end or FAR_AWAY
    return low < t <= high if before else low <= t < high


def in_trial(sub: Row, t: datetime, before: bool) -> bool:
    if not sub.get("trial_start") and not sub.get("trial_end"):
        return False
    return overlaps(sub.get("trial_start"), sub.get("trial_end"), t, before)


def is_paused(world: World, sub: Row, t: datetime, before: bool) -> bool:
    pauses = world.by("subscription_pause", "subscription_id").get(sub["subscription_id"], [])
    return any(overlaps(p["paused_at"], p.get("resumed_at"), t, before) for p in pauses)


def subscription_items(world: World, sub: Row, t: datetime, before: bool) -> list[MrrItem]:
    """The item versions of a subscription that carry MRR at t (or just before t)."""
    key = sub["subscription_id"]
    end, _ = subscription_end(world, sub)
    if not overlaps(sub["started_at"], end, t, before):
        return []
    if in_trial(sub, t, before) or is_paused(world, sub, t, before):
        return []
    versions = [
        v
        for v in world.by("subscription_version", "subscription_id").get(key, [])
        if is_recurring(v) and overlaps(v["valid_from"], v.get("valid_to"), t, before)
    ]
    discounts = [
        d
        for d in world.by("subscription_discount", "subscription_id").get(key, [])
        if d["duration"] in ("forever", "repeating")
        and overlaps(d.get("starts_at"), d.get("ends_at"), t, before)
    ]
    percent = sum((exact(d.get("percent_off")) for d in discounts), ZERO) / 100
    amount = sum((exact(d.get("amount_off")) for d in discounts), ZERO)
    prices = {id(v): exact(v.get("quantity"), 1) * exact(v["unit_price"]) for v in versions}
    total = sum(prices.values(), ZERO)
    items = []
    for version in versions:
        price = prices[id(version)]
        off = price * percent + (amount * price / total if total else ZERO)
        net = max(ZERO, price - off)
        if net > 0:
            count = version.get("interval_count") or 1
            interval = version["interval"]
            items.append(
                MrrItem(
                    sub["account_id"],
                    key,
                    version.get("item_id") or "",
                    version.get("product_id"),
                    version.get("plan_id"),
                    interval if count == 1 else f"{count} {interval}",
                    version.get("currency"),
                    net / version_months(version),
                )
            )
    return items


def mrr_items(world: World, c: datetime) -> list[MrrItem]:
    """Every active recurring item version just before a closing instant."""

    def make() -> list[MrrItem]:
        return [
            i for s in world.rows["subscription"] for i in subscription_items(world, s, c, True)
        ]

    return world.memo(("mrr", c), make)


def mrr_accounts(world: World, c: datetime) -> set[str]:
    return {i.account for i in mrr_items(world, c)}


def mrr_by_account(world: World, c: datetime, rate_day: date) -> dict[str, Fraction]:
    """Account to its MRR just before c, at the rates of a day."""

    def make() -> dict[str, Fraction]:
        totals: dict[str, Fraction] = {}
        for item in mrr_items(world, c):
            amount = world.rates.convert(item.monthly, item.currency, rate_day)
            totals[item.account] = totals.get(item.account, ZERO) + (amount or ZERO)
        return totals

    return world.memo(("mrr by account", c, rate_day), make)


def mrr_instants(world: World, sub: Row) -> list[datetime]:
    """Every instant at which the MRR of a subscription may change."""
    key = sub["subscription_id"]
    instants = [sub["started_at"], sub.get("trial_start"), sub.get("trial_end")]
    instants.append(subscription_end(world, sub)[0])
    for entity, columns in (
        ("subscription_version", ("valid_from", "valid_to")),
        ("subscription_discount", ("starts_at", "ends_at")),
        ("subscription_pause", ("paused_at", "resumed_at")),
    ):
        for row in world.by(entity, "subscription_id").get(key, []):
            instants += [row.get(c) for c in columns]
    return sorted({i for i in instants if i is not None and i != FAR_AWAY})


def account_instants(world: World, account: str) -> list[datetime]:
    def make() -> list[datetime]:
        subs = world.by("subscription", "account_id").get(account, [])
        return sorted({i for s in subs for i in mrr_instants(world, s)})

    return world.memo(("instants", account), make)


def has_mrr_after(world: World, account: str, t: datetime) -> bool:
    """Does the account pay from t on (t itself included)?"""
    subs = world.by("subscription", "account_id").get(account, [])
    return any(subscription_items(world, s, t, False) for s in subs)


def has_mrr_before(world: World, account: str, t: datetime) -> bool:
    """Does the account pay just before t?"""
    subs = world.by("subscription", "account_id").get(account, [])
    return any(subscription_items(world, s, t, True) for s in subs)


# -- orders -----------------------------------------------------------------------------------


def order_amount(world: World, order: Row) -> Fraction:
    """Net value of an order in its own currency: quantity times price less discount."""
    lines = world.by("order_line", "order_id").get(order["order_id"], [])
    return sum((line_net(line) for line in lines), ZERO)


def line_net(line: Row) -> Fraction:
    return exact(line["quantity"]) * exact(line["unit_price"]) - exact(line.get("discount"))


def fully_refunded(world: World, order: Row) -> bool:
    refunds = world.by("refund", "order_id").get(order["order_id"], [])
    if not refunds:
        return False
    if all(r.get("currency") == order.get("currency") for r in refunds):
        back = sum((exact(r["amount_ex_tax"]) for r in refunds), ZERO)
        return back > 0 and back >= order_amount(world, order)
    day = world.calendar.day(order["ordered_at"])
    value = world.rates.convert(order_amount(world, order), order.get("currency"), day) or ZERO
    back = sum(
        (
            world.rates.convert(
                exact(r["amount_ex_tax"]), r.get("currency"), world.calendar.day(r["refunded_at"])
            )
            or ZERO
            for r in refunds
        ),
        ZERO,
    )
    return back > 0 and back >= value


def valid_orders(world: World) -> list[Row]:
    """Orders that count as purchases (4.B5), judged as of `as_of`."""

    def make() -> list[Row]:
        found = []
        for order in world.rows["order"]:
            if order["status"] not in VALID_ORDER or order.get("exchange_of_order_id"):
                continue
            # without an amount, only a replacement that was paid for
            paid = order.get("is_replacement") and order["status"] == "paid"
            if order_amount(world, order) <= 0 and not paid:
                continue
            if fully_refunded(world, order):
                continue
            found.append(order)
        return found

    return world.memo("valid orders", make)


def buyer(order: Row) -> str:
    """Who bought: the account, else the guest's e-mail, else nobody else than this order."""
    if order.get("account_id"):
        return str(order["account_id"])
    if order.get("buyer_email"):
        return "guest " + str(order["buyer_email"]).strip().lower()
    return "order " + str(order["order_id"])


def orders_of(world: World, account: str) -> list[Row]:
    def make() -> dict[str, list[Row]]:
        groups: dict[str, list[Row]] = {}
        for order in valid_orders(world):
            if order.get("account_id"):
                groups.setdefault(order["account_id"], []).append(order)
        return groups

    return world.memo("orders of", make).get(account, [])


# -- customers --------------------------------------------------------------------------------


def counts_subscriptions(world: World) -> bool:
    return world.params["customer_model"] in ("subscription", "hybrid")


def counts_orders(world: World) -> bool:
    return world.params["customer_model"] in ("transactional", "hybrid")


def order_leaves(world: World, order: Row) -> datetime:
    """The instant from which an order lies outside `[t - window, t)`."""
    return world.calendar.plus_days(order["ordered_at"], world.params["activity_window_days"])


def active_by_order(world: World, account: str, t: datetime) -> bool:
    low = world.calendar.plus_days(t, -world.params["activity_window_days"])
    return any(low <= o["ordered_at"] < t for o in orders_of(world, account))


def is_active(world: World, account: str | None, t: datetime) -> bool:
    """Is the account an active customer just before t?"""
    if account is None:
        return False
    if counts_subscriptions(world) and has_mrr_before(world, account, t):
        return True
    return counts_orders(world) and active_by_order(world, account, t)


def active_customers(world: World, t: datetime) -> set[str]:
    """S or E: every account that is an active customer just before t."""

    def make() -> set[str]:
        found: set[str] = set()
        if counts_subscriptions(world):
            found |= mrr_accounts(world, t)
        if counts_orders(world):
            buyers = {o["account_id"] for o in valid_orders(world) if o.get("account_id")}
            found |= {a for a in buyers if active_by_order(world, a, t)}
        return found

    return world.memo(("active", t), make)


def first_paid(world: World) -> dict[str, datetime]:
    """Account to the first instant at which it was an active customer."""

    def make() -> dict[str, datetime]:
        first: dict[str, datetime] = {}
        if counts_subscriptions(world):
            for account in {s["account_id"] for s in world.rows["subscription"]}:
                for t in account_instants(world, account):
                    if t < world.as_of and has_mrr_after(world, account, t):
                        first[account] = t
                        break
        if counts_orders(world):
            for order in valid_orders(world):
                account, t = order.get("account_id"), order["ordered_at"]
                if account and (account not in first or t < first[account]):
                    first[account] = t
        return first

    return world.memo("first paid", make)


def loss(world: World, account: str, opening: datetime, closing: datetime) -> str:
    """The churn subtype of a customer that was active before `opening` and is not before `closing`.

    The subtype is that of the last thing that ended: voluntary, involuntary or pause.
    """
    lost_at, subtype = LONG_AGO, "voluntary"
    if counts_subscriptions(world):
        for t in account_instants(world, account):
            ends = t < closing and has_mrr_before(world, account, t)
            if ends and not has_mrr_after(world, account, t):
                lost_at, subtype = t, mrr_loss_kind(world, account, t)
    if counts_orders(world):
        gone = [
            order_leaves(world, o) for o in orders_of(world, account) if o["ordered_at"] < closing
        ]
        if gone and max(gone) > lost_at:
            subtype = "voluntary"
    return subtype


def mrr_loss_kind(world: World, account: str, t: datetime) -> str:
    """Why the account's MRR fell to zero at t."""
    kinds = []
    for sub in world.by("subscription", "account_id").get(account, []):
        if not subscription_items(world, sub, t, True):
            continue
        end, kind = subscription_end(world, sub)
        if end == t:
            kinds.append(kind)
        elif is_paused(world, sub, t, False):
            kinds.append("pause")
        else:
            kinds.append("voluntary")
    for kind in ("involuntary", "voluntary", "pause"):
        if kind in kinds:
            return kind
    return "voluntary"


@dataclass(frozen=True)
class Movement:
    """One customer between two instants, at constant (closing) rates, in reporting currency."""

    account: str
    kind: str
    opening: Fraction
    opening_cc: Fraction
    closing: Fraction

    @property
    def fx(self) -> Fraction:
        return self.opening_cc - self.opening

    @property
    def amount(self) -> Fraction:
        """The movement without its sign."""
        return abs(self.closing - self.opening_cc)


def movements(world: World, period: Period) -> list[Movement]:
    """The movement of every customer over a period, end points only."""

    def make() -> list[Movement]:
        calendar = world.calendar
        close, close_day = calendar.close(period), calendar.close_day(period)
        open_day = period.start - ONE_DAY
        opening = mrr_by_account(world, period.start_at, open_day)
        opening_cc = mrr_by_account(world, period.start_at, close_day)
        closing = mrr_by_account(world, close, close_day)
        paid = first_paid(world)
        found = []
        for account in sorted(set(opening) | set(closing)):
            before = opening.get(account, ZERO)
            before_cc = opening_cc.get(account, ZERO)
            after = closing.get(account, ZERO)
            if account not in opening:
                is_new = paid.get(account, FAR_AWAY) >= period.start_at
                kind = "new" if is_new else "reactivation"
            elif account not in closing:
                kind = "churn"
            elif after > before_cc:
                kind = "expansion"
            elif after < before_cc:
                kind = "contraction"
            else:
                kind = "none"
            found.append(Movement(account, kind, before, before_cc, after))
        return found

    return world.memo(("movements", period), make)


# -- sales ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sale:
    """One row of net sales: an order or invoice line, or a refund (negative)."""

    at: datetime
    day: date
    account: str | None
    product: str | None
    native: Fraction
    currency: str | None
    amount: Fraction
    kind: str
    order: str | None
    service: tuple[date, date] | None


def sales(world: World) -> list[Sale]:
    """Every line of counted orders and invoices on its sale date, and every refund on its own."""

    def make() -> list[Sale]:
        found = []

        def add(at: datetime, head: Row, net: Fraction, kind: str, **more: Any) -> None:
            day = world.calendar.day(at)
            amount = world.rates.convert(net, head.get("currency"), day)
            if amount is None:
                return
            found.append(
                Sale(
                    at,
                    day,
                    more.get("account", head.get("account_id")),
                    more.get("product"),
                    net,
                    head.get("currency"),
                    amount,
                    kind,
                    more.get("order"),
                    more.get("service"),
                )
            )

        orders, invoices = {}, {}
        for order in world.rows["order"]:
            orders[order["order_id"]] = order
            if order["status"] in VALID_ORDER:
                for line in world.by("order_line", "order_id").get(order["order_id"], []):
                    add(
                        order["ordered_at"],
                        order,
                        line_net(line),
                        "sale",
                        product=line.get("product_id"),
                        order=order["order_id"],
                    )
        for invoice in world.rows["invoice"]:
            invoices[invoice["invoice_id"]] = invoice
            if invoice["status"] in COUNTED_INVOICE:
                for line in world.by("invoice_line", "invoice_id").get(invoice["invoice_id"], []):
                    start, end = line.get("service_start"), line.get("service_end")
                    add(
                        invoice["issued_at"],
                        invoice,
                        exact(line["amount_ex_tax"]) - exact(line.get("discount")),
                        "sale",
                        service=(start, end) if start and end and start < end else None,
                    )
        for refund in world.rows["refund"]:
            head: Row | None = None
            counted: tuple[str, ...] = ()
            if refund.get("order_id"):
                head, counted = orders.get(refund["order_id"]), VALID_ORDER
            elif refund.get("invoice_id"):
                head, counted = invoices.get(refund["invoice_id"]), COUNTED_INVOICE
            if head is not None and head["status"] not in counted:
                continue
            add(
                refund["refunded_at"],
                refund,
                -exact(refund["amount_ex_tax"]),
                "refund",
                account=head.get("account_id") if head else None,
                order=refund.get("order_id"),
            )
        return found

    return world.memo("sales", make)


@dataclass(frozen=True)
class Revenue:
    """One fact row of net revenue: spread lines have one per month."""

    at: datetime
    day: date
    account: str | None
    amount: Fraction


def revenue(world: World) -> list[Revenue]:
    """Net revenue: lines with a service period spread by day, one rounded row per month.

    A month's row stands on the first of its service days; rows of days from `as_of` on are not yet.
    """

    def make() -> list[Revenue]:
        found = []
        for sale in sales(world):
            if sale.service is None:
                found.append(Revenue(sale.at, sale.day, sale.account, sale.amount))
                continue
            start, end = sale.service
            rate = world.rates.rate(sale.currency, sale.day) or ZERO
            month = world.calendar.containing("month", start)
            while month.start < end:
                days = (min(end, month.end) - max(start, month.start)).days
                share = sale.native * days / (end - start).days
                found.append(
                    Revenue(sale.at, max(start, month.start), sale.account, money(share * rate))
                )
                month = world.calendar.containing("month", month.end)
        return [r for r in found if r.day <= world.calendar.last_day]

    return world.memo("revenue", make)
