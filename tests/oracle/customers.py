"""Retention, churn, renewal, upsell, orders and customers (contract 4.B, 5.1, 5.2)."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from .book import Book, Fact, Started
from .dimensions import Dims, customer, named
from .identity import Row, World
from .lifecycle import (
    account_instants,
    active_customers,
    buyer,
    first_paid,
    gross_monthly,
    is_recurring,
    line_net,
    loss,
    movements,
    mrr_items,
    sales,
    subscription_items,
    valid_orders,
)
from .money import ZERO, exact
from .periods import ONE_DAY, Period, shift_month
from .revenue import order_channel

ONE = Fraction(1)


def calculate(book: Book) -> None:
    retention_and_churn(book)
    pending_churn(book)
    renewals(book)
    upsell(book)
    orders(book)
    refunds(book)
    trials(book)


# -- retention and churn ------------------------------------------------------------------------


def retention_and_churn(book: Book) -> None:
    """4.B1, 4.B2: the opening set S and who of it is active at the close."""
    world = book.world
    for period in book.periods("customer_retention_rate"):
        close = world.calendar.close(period)
        closing = active_customers(world, close)
        kept, lost = [], []
        for account in sorted(active_customers(world, period.start_at)):
            dims = customer(world, account, period.start_at, before=True)
            stays = account in closing
            kept.append(Fact(Fraction(int(stays)), ONE, dims))
            outcomes = {}
            if not stays:
                outcomes = {"churn_subtype": loss(world, account, period.start_at, close)}
            lost.append(Fact(Fraction(int(not stays)), ONE, dims, outcomes))
        book.tally("customer_retention_rate", period, kept)
        book.tally("customer_churn_rate", period, lost)


def pending_churn(book: Book) -> None:
    """Customers at the close whose every paying subscription has asked to be cancelled."""
    world = book.world
    for period in book.periods("pending_churn_count"):
        c = world.calendar.close(period)
        facts = []
        for account in sorted({i.account for i in mrr_items(world, c)}):
            paying = [
                s
                for s in world.by("subscription", "account_id").get(account, [])
                if subscription_items(world, s, c, True)
            ]
            asked = [s.get("cancel_requested_at") for s in paying]
            if all(a is not None and a < c for a in asked):
                facts.append(Fact(ONE, None, customer(world, account, c, before=True)))
        book.tally("pending_churn_count", period, facts)


# -- renewal ------------------------------------------------------------------------------------


def renewals(book: Book) -> None:
    """4.B3: contracts due in the period and whether their successor was signed in time."""
    world = book.world
    contracts = {c["contract_id"]: c for c in world.rows["contract"]}
    predecessors: dict[str, list[Row]] = {}
    for contract in contracts.values():
        successor = contract.get("renewed_by_contract_id")
        if successor is not None and successor in contracts:
            predecessors.setdefault(successor, []).append(contract)

    def value(contract: Row, at: date) -> Fraction:
        """Monthly value at the rate of a day, or of the run clock if that comes first."""
        amount = exact(contract.get("monthly_value"))
        at = min(at, world.calendar.last_day)
        return world.rates.convert(amount, contract.get("currency"), at) or ZERO

    def successor_value(contract: Row, successor: Row) -> Fraction:
        """The part of the successor that stands for this contract, split by expiring value."""
        group = predecessors[successor["contract_id"]]
        total = sum((value(p, p["end_date"]) for p in group), ZERO)
        own = value(contract, contract["end_date"])
        share = own / total if total else Fraction(1, len(group))
        whole = exact(successor.get("monthly_value")) * share
        at = min(contract["end_date"], world.calendar.last_day)
        return world.rates.convert(whole, successor.get("currency"), at) or ZERO

    def renewed(contract: Row) -> Row | None:
        successor = contracts.get(contract.get("renewed_by_contract_id"))
        if successor is None or successor.get("signed_at") is None:
            return None
        if successor["signed_at"] >= world.as_of:
            return None
        last = contract["end_date"] + world.params["renewal_grace_days"] * ONE_DAY
        return successor if world.calendar.day(successor["signed_at"]) <= last else None

    for period in book.periods("renewal_rate"):
        counts, capped, net = [], [], []
        for contract in contracts.values():
            due = contract.get("end_date")
            if due is None or not period.has_day(due) or contract.get("auto_renew_monthly"):
                continue
            dims = customer(world, contract["account_id"], period.start_at, before=True)
            dims["term_length"] = named(contract.get("term_months"))
            successor = renewed(contract)
            old = value(contract, due)
            new = successor_value(contract, successor) if successor else ZERO
            counts.append(Fact(Fraction(int(successor is not None)), ONE, dims))
            capped.append(Fact(min(new, old), old, dims))
            net.append(Fact(new, old, dims))
        book.tally("renewal_rate", period, counts)
        book.tally("renewal_rate_value", period, capped)
        book.tally("renewal_rate_value_net", period, net)


# -- upsell -------------------------------------------------------------------------------------


def replaced(world: World, version: Row) -> Row | None:
    """The version of the same item that was in force just before this one."""
    earlier = [
        v
        for v in world.by("subscription_version", "subscription_id")[version["subscription_id"]]
        if v.get("item_id") == version.get("item_id")
        and v["valid_from"] < version["valid_from"]
        and is_recurring(v)
    ]
    return max(earlier, key=lambda v: v["valid_from"]) if earlier else None


def upsell(book: Book) -> None:
    """4.B4: opening customers that grew by an upgrade, seats or a product they did not hold."""
    world = book.world
    for period in book.periods("upsell_rate"):
        closing = active_customers(world, world.calendar.close(period))
        moves = {m.account: m for m in movements(world, period)}
        held: dict[str, set[str | None]] = {}
        for item in mrr_items(world, period.start_at):
            held.setdefault(item.account, set()).add(item.product)
        upsold, crossed, amounts = [], [], []
        for account in sorted(active_customers(world, period.start_at)):
            dims: Dims = customer(world, account, period.start_at, before=True)
            products = sorted({named(p) for p in held.get(account, {None})})
            dims["product"] = tuple(products)
            move = moves.get(account)
            grew = account in closing and move is not None and move.kind == "expansion"
            up = grew and any(is_upsell(world, v) for v in started(world, account, period))
            cross = grew and any(
                v.get("change_reason") == "add_on"
                and v.get("product_id") not in held.get(account, set())
                for v in started(world, account, period)
            )
            upsold.append(Fact(Fraction(int(up)), ONE, dims))
            crossed.append(Fact(Fraction(int(cross)), ONE, dims))
            if up and move is not None:
                amounts.append(Fact(move.amount, None, dims))
        book.tally("upsell_rate", period, upsold)
        book.tally("cross_sell_rate", period, crossed)
        book.tally("upsell_mrr", period, amounts)


def started(world: World, account: str, period: Period) -> list[Row]:
    """Recurring versions of the account that start inside the period."""
    return [
        v
        for s in world.by("subscription", "account_id").get(account, [])
        for v in world.by("subscription_version", "subscription_id").get(s["subscription_id"], [])
        if period.has(v["valid_from"]) and is_recurring(v)
    ]


def is_upsell(world: World, version: Row) -> bool:
    if version.get("change_reason") not in ("upgrade", "seats"):
        return False
    old = replaced(world, version)
    return old is not None and gross_monthly(version) > gross_monthly(old)


# -- orders -------------------------------------------------------------------------------------


def order_value(world: World, order: Row) -> Fraction:
    """Net value of an order in reporting currency, rounded once (the fact is the order)."""
    day = world.calendar.day(order["ordered_at"])
    lines = world.by("order_line", "order_id").get(order["order_id"], [])
    total = sum((line_net(x) for x in lines), ZERO)
    return world.rates.convert(total, order.get("currency"), day) or ZERO


def orders(book: Book) -> None:
    """4.B5 purchase_frequency, 5.2 average_order_value and repeat_purchase_rate."""
    world = book.world

    def dims(order: Row) -> Dims:
        found = customer(world, order.get("account_id"), order["ordered_at"])
        return found | {"channel": named(order_channel(world, order["order_id"]))}

    every = [
        Fact(order_value(world, o), ONE, dims(o), day=world.calendar.day(o["ordered_at"]))
        for o in valid_orders(world)
    ]
    book.dated("average_order_value", every)
    buyers = {id(f): buyer(o) for f, o in zip(every, valid_orders(world), strict=True)}
    for kpi_id in ("purchase_frequency", "repeat_purchase_rate"):
        for period in book.periods(kpi_id):
            here = [f for f in every if period.has_day(f.day or date.max)]
            for name, member, part, _ in book.slices(kpi_id, here):
                counts: dict[str, int] = {}
                for fact in part:
                    counts[buyers[id(fact)]] = counts.get(buyers[id(fact)], 0) + 1
                top = len(part)
                if kpi_id == "repeat_purchase_rate":
                    top = sum(1 for n in counts.values() if n >= 2)
                bottom = len(counts)
                value = Fraction(top, bottom) if bottom else None
                book.put(
                    kpi_id, period, name, member, Fraction(top), Fraction(bottom), value, bottom
                )


def refunds(book: Book) -> None:
    """5.2 refund_rate: refunds of the period over sales of the period before refunds."""
    world = book.world
    facts = []
    for sale in sales(world):
        dims = customer(world, sale.account, sale.at)
        if sale.kind == "refund":
            facts.append(Fact(-sale.amount, ZERO, dims, day=sale.day, sample=0))
        else:
            facts.append(Fact(ZERO, sale.amount, dims, day=sale.day, sample=int(bool(sale.amount))))
    book.dated("refund_rate", facts)


# -- trials -------------------------------------------------------------------------------------


def trials(book: Book) -> None:
    """5.1 trial_conversion_rate: the subscription pays within seven days of its trial's end."""
    world = book.world
    facts = []
    running = []
    for sub in world.rows["subscription"]:
        end = sub.get("trial_end")
        if end is None:
            continue
        if end >= world.as_of:
            running.append(sub)
            continue
        paid = any(
            t < world.as_of and world.calendar.within_days(end, t, 7)
            for t in account_instants(world, sub["account_id"])
            if t >= end and subscription_items(world, sub, t, False)
        )
        dims = customer(world, sub["account_id"], end)
        facts.append(Fact(Fraction(int(paid)), ONE, dims, day=world.calendar.day(end)))
    waiting = [
        Started(
            world.calendar.day(s.get("trial_start") or s["started_at"]),
            customer(world, s["account_id"], s.get("trial_start") or s["started_at"]),
        )
        for s in running
    ]
    book.dated("trial_conversion_rate", facts, unfinished=waiting)


# -- tables -------------------------------------------------------------------------------------


def cohort_retention(world: World) -> list[dict[str, Any]]:
    """5.1: for each cohort month and k, who is active at the close of month c + k.

    Cells whose month has not closed by `as_of` have no value.
    """
    calendar = world.calendar
    cohorts: dict[date, list[str]] = {}
    for account, at in first_paid(world).items():
        cohorts.setdefault(calendar.day(at).replace(day=1), []).append(account)
    table = []
    for first, accounts in sorted(cohorts.items()):
        k = 0
        while shift_month(first, k) <= calendar.last_day:
            month = calendar.containing("month", shift_month(first, k))
            seen = calendar.complete(month)
            active = active_customers(world, month.end_at) if seen else set()
            kept = len(set(accounts) & active)
            table.append(
                {
                    "cohort_month": first,
                    "k": k,
                    "numerator": kept if seen else None,
                    "denominator": len(accounts),
                    "value": Fraction(kept, len(accounts)) if seen else None,
                }
            )
            k += 1
    return table


def scores(values: dict[str, Any]) -> dict[str, int]:
    """1 + floor(5 x (rank - 1) / n), rank the smallest rank from worst (lowest) to best."""
    n = len(values)
    return {
        key: 1 + 5 * sum(1 for other in values.values() if other < value) // n
        for key, value in values.items()
    }


def rfm_segment(world: World) -> list[dict[str, Any]]:
    """5.2: recency, frequency and monetary scores at every month end, over twelve months."""
    calendar = world.calendar
    if not valid_orders(world):
        return []
    first = min(calendar.day(o["ordered_at"]) for o in valid_orders(world))
    table = []
    for period in calendar.periods("rolling_12m", first):
        last: dict[str, date] = {}
        count: dict[str, int] = {}
        spent: dict[str, Fraction] = {}
        for order in valid_orders(world):
            day = calendar.day(order["ordered_at"])
            if not period.has_day(day):
                continue
            who = buyer(order)
            last[who] = max(last.get(who, day), day)
            count[who] = count.get(who, 0) + 1
            spent[who] = spent.get(who, ZERO) + order_value(world, order)
        r, f, m = scores(last), scores(count), scores(spent)
        for who in sorted(last):
            table.append(
                {
                    "account_id": who,
                    "snapshot": period.end,
                    "r": r[who],
                    "f": f[who],
                    "m": m[who],
                    "segment": f"{r[who]}{f[who]}{m[who]}",
                }
            )
    return table
