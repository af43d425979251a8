"""Recurring revenue, sales, cost and lifetime value (contract 4.A, 5.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from .book import ALL, Book, Fact
from .catalog import CATALOG
from .dimensions import Dims, customer, named
from .identity import World
from .lifecycle import (
    VALID_ORDER,
    Sale,
    account_instants,
    active_customers,
    first_paid,
    has_mrr_after,
    has_mrr_before,
    movements,
    mrr_by_account,
    mrr_items,
    revenue,
    sales,
)
from .money import ZERO, exact, money, ratio
from .periods import ONE_DAY, Period

HALF = Fraction(1, 2)
CAP_MONTHS = 60


def calculate(book: Book) -> None:
    recurring_revenue(book)
    monthly_movements(book)
    retention_of_revenue(book)
    revenue_per_customer(book)
    sales_growth(book)
    cost_of_goods(book)
    gross_margin(book)
    lifetime_value(book)
    historical_value(book)


# -- balances -----------------------------------------------------------------------------------


def recurring_revenue(book: Book) -> None:
    """4.A1 mrr, 5.1 arr, 4.A2 arpa: the state just before the close."""
    world = book.world

    def facts(period: Period, factor: int) -> list[Fact]:
        c, day = world.calendar.close(period), world.calendar.close_day(period)
        found = []
        for item in mrr_items(world, c):
            amount = world.rates.convert(item.monthly, item.currency, day)
            if amount is None:
                continue
            dims = customer(world, item.account, c, before=True) | {
                "product": named(item.product),
                "plan": named(item.plan),
                "billing_interval": item.interval,
                "currency": named(item.currency),
            }
            found.append(Fact(amount * factor, None, dims))
        return found

    for kpi_id, factor in (("mrr", 1), ("arr", 12)):
        for period in book.periods(kpi_id):
            book.tally(kpi_id, period, facts(period, factor))
    for period in book.periods("arpa"):
        c, day = world.calendar.close(period), world.calendar.close_day(period)
        per_account = [
            Fact(amount, Fraction(1), customer(world, account, c, before=True))
            for account, amount in mrr_by_account(world, c, day).items()
        ]
        book.tally("arpa", period, per_account)


# -- movements ----------------------------------------------------------------------------------

KINDS = {
    "new": "new_mrr",
    "expansion": "expansion_mrr",
    "contraction": "contraction_mrr",
    "churn": "churned_mrr",
    "reactivation": "reactivation_mrr",
}
GAINS = ("new", "expansion", "reactivation")


def month_facts(world: World, month: Period) -> dict[str, list[Fact]]:
    """KPI id to the movement facts of one month.

    A movement belongs to the member at closing, a churn to the member at opening. `transfer_mrr`
    takes the opening MRR of an account that changed member out of the old and into the new one.
    """

    def make() -> dict[str, list[Fact]]:
        close = world.calendar.close(month)
        found: dict[str, list[Fact]] = {k: [] for k in (*KINDS.values(), "fx_mrr", "net_new_mrr")}
        found |= {"quick_ratio": [], "transfer_mrr": []}
        for move in movements(world, month):
            at_open = customer(world, move.account, month.start_at, before=True)
            at_close = customer(world, move.account, close, before=True)
            dims = at_open if move.kind == "churn" else at_close
            if move.fx:
                found["fx_mrr"].append(Fact(move.fx, None, dims))
            if move.kind in KINDS:
                found[KINDS[move.kind]].append(Fact(move.amount, None, dims))
                sign = 1 if move.kind in GAINS else -1
                found["net_new_mrr"].append(Fact(sign * move.amount, None, dims))
            if move.kind in ("new", "expansion"):
                found["quick_ratio"].append(Fact(move.amount, ZERO, dims, sample=0))
            if move.kind in ("churn", "contraction"):
                found["quick_ratio"].append(Fact(ZERO, move.amount, dims))
            names = CATALOG["transfer_mrr"].dims
            moved = any(at_open[name] != at_close[name] for name in names)
            if move.opening and move.kind != "churn" and moved:
                found["transfer_mrr"].append(Fact(-move.opening, None, at_open))
                found["transfer_mrr"].append(Fact(move.opening, None, at_close))
        return found

    return world.memo(("month facts", month), make)


def monthly_movements(book: Book) -> None:
    """Movement amounts add over months; quick_ratio is made of their sums."""
    world = book.world
    for kpi_id in (*KINDS.values(), "fx_mrr", "net_new_mrr", "quick_ratio", "transfer_mrr"):
        for period in book.periods(kpi_id):
            facts = [
                f
                for month in world.calendar.months(period)
                for f in month_facts(world, month)[kpi_id]
            ]
            book.tally(kpi_id, period, facts)
    for period in book.periods("intra_period_churn_count"):
        facts = [
            Fact(Fraction(1), None, customer(world, account, left))
            for month in world.calendar.months(period)
            for account, left in joined_and_left(world, month)
        ]
        book.tally("intra_period_churn_count", period, facts)


def joined_and_left(world: World, month: Period) -> list[tuple[str, datetime]]:
    """Accounts without MRR at both ends of a month that had some in between, and when it ended."""

    def make() -> list[tuple[str, datetime]]:
        close = world.calendar.close(month)
        found = []
        for account in sorted({s["account_id"] for s in world.rows["subscription"]}):
            if has_mrr_before(world, account, month.start_at):
                continue
            if has_mrr_before(world, account, close):
                continue
            inside = [t for t in account_instants(world, account) if month.start_at <= t < close]
            ends = [
                t
                for t in inside
                if has_mrr_before(world, account, t) and not has_mrr_after(world, account, t)
            ]
            if ends:
                found.append((account, ends[-1]))
        return found

    return world.memo(("joined and left", month), make)


# -- retention of revenue -----------------------------------------------------------------------


def retention_of_revenue(book: Book) -> None:
    """NRR, GRR and the MRR churn rates: end points of the window, members at its opening."""
    world = book.world
    for kpi_id in (
        "net_revenue_retention",
        "gross_revenue_retention",
        "gross_mrr_churn_rate",
        "net_mrr_churn_rate",
    ):
        for period in book.periods(kpi_id):
            facts = []
            for move in movements(world, period):
                if move.kind in ("new", "reactivation"):
                    continue
                kept = move.closing
                if kpi_id.startswith("gross"):
                    kept = min(move.closing, move.opening_cc)
                if kpi_id.endswith("churn_rate"):
                    kept = move.opening_cc - kept
                dims = customer(world, move.account, period.start_at, before=True)
                facts.append(Fact(kept, move.opening_cc, dims))
            book.tally(kpi_id, period, facts)


# -- revenue per customer -----------------------------------------------------------------------


def customer_month_facts(world: World, period: Period) -> list[Fact]:
    """Half a customer-month for every customer at the opening and at the close of each month."""

    def make() -> list[Fact]:
        found = []
        for month in world.calendar.months(period):
            for t in (month.start_at, world.calendar.close(month)):
                for account in active_customers(world, t):
                    dims = customer(world, account, t, before=True)
                    found.append(Fact(ZERO, HALF, dims, sample=0))
        return found

    return world.memo(("customer months", period), make)


def revenue_facts(world: World, period: Period) -> list[Fact]:
    def make() -> list[Fact]:
        return [
            Fact(r.amount, ZERO, customer(world, r.account, r.at), sample=0)
            for r in revenue(world)
            if period.has_day(r.day)
        ]

    return world.memo(("revenue facts", period), make)


def revenue_per_customer(book: Book) -> None:
    """4.A2 arpu. The sample is the number of whole customer-months."""
    world = book.world
    for period in book.periods("arpu"):
        facts = revenue_facts(world, period) + customer_month_facts(world, period)
        for name, member, part, _ in book.slices("arpu", facts):
            top = sum((f.numerator for f in part), ZERO)
            bottom = sum((f.denominator or ZERO for f in part), ZERO)
            book.put("arpu", period, name, member, top, bottom, ratio(top, bottom), int(bottom))


# -- growth -------------------------------------------------------------------------------------


def sale_dims(world: World, sale: Sale) -> Dims:
    return customer(world, sale.account, sale.at) | {"product": named(sale.product)}


def comparable(book: Book, period: Period, base: Period) -> tuple[date, date]:
    """The ends of both periods; while the period runs, the same whole local days of each (G-08)."""
    calendar = book.world.calendar
    if calendar.complete(period):
        return period.end, base.end
    as_of_day = calendar.day(calendar.as_of)
    elapsed = min((as_of_day - period.start).days, (base.end - base.start).days)
    return period.start + elapsed * ONE_DAY, base.start + elapsed * ONE_DAY


def sales_growth(book: Book) -> None:
    """4.A3: against the period before, a year before, and at constant currency."""
    world = book.world
    calendar = world.calendar
    for kpi_id in ("sales_growth_rate", "sales_growth_rate_yoy", "sales_growth_rate_cc"):
        for period in book.periods(kpi_id):
            yoy = kpi_id.endswith("yoy")
            base = calendar.year_earlier(period) if yoy else calendar.previous(period)
            end, base_end = comparable(book, period, base)
            rate_day = calendar.close_day(period)
            facts = []
            for sale in sales(world):
                now = period.start <= sale.day < end
                if not now and not base.start <= sale.day < base_end:
                    continue
                amount: Fraction | None = sale.amount
                if kpi_id.endswith("cc"):
                    amount = world.rates.convert(sale.native, sale.currency, rate_day)
                if amount is None:
                    continue
                fact = Fact(amount, ZERO, sale_dims(world, sale))
                if not now:
                    fact = Fact(-amount, amount, fact.dims)
                facts.append(fact)
            book.tally(kpi_id, period, facts, value=growth)


def growth(top: Fraction, bottom: Fraction | None) -> Fraction | None:
    """No growth over a base that is not positive, or that was not loaded."""
    return top / bottom if bottom is not None and bottom > 0 else None


# -- cost ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """One row of cogs; `stock` tells product cost from expenses."""

    at: datetime
    day: date
    account: str | None
    amount: Fraction
    product: str | None
    channel: str | None
    stock: bool


def unit_cost(world: World, product: str | None, day: date) -> tuple[Fraction, str | None] | None:
    """Native unit cost and currency on a sale date (dates half-open)."""
    for row in world.by("product_cost", "product_id").get(product, []):
        low, high = row.get("valid_from") or date.min, row.get("valid_to") or date.max
        if low <= day < high:
            return exact(row["unit_cost"]), row.get("currency")
    return None


def order_channel(world: World, order_id: str | None) -> str | None:
    """The channel of the web purchase of an order: orders themselves carry none."""
    found = [
        e
        for e in world.rows["web_event"]
        if e["name"] == "purchase" and order_id is not None and e.get("order_id") == order_id
    ]
    found.sort(key=lambda e: (e["occurred_at"], e["event_id"]))
    return found[0].get("channel") if found else None


def costs(world: World) -> list[Cost]:
    def make() -> list[Cost]:
        calendar = world.calendar
        found: list[Cost] = []
        orders = {o["order_id"]: o for o in world.rows["order"] if o["status"] in VALID_ORDER}
        for order in orders.values():
            day = calendar.day(order["ordered_at"])
            channel = order_channel(world, order["order_id"])
            for line in world.by("order_line", "order_id").get(order["order_id"], []):
                cost = unit_cost(world, line.get("product_id"), day)
                if cost is None:
                    continue
                amount = world.rates.convert(cost[0] * exact(line["quantity"]), cost[1], day)
                if amount is None:
                    continue
                found.append(
                    Cost(
                        order["ordered_at"],
                        day,
                        order.get("account_id"),
                        amount,
                        line.get("product_id"),
                        channel,
                        True,
                    )
                )
        for refund in world.rows["refund"]:
            back = exact(refund.get("restocked_quantity"))
            sold = orders.get(refund.get("order_id"))
            if back and sold is not None:
                found += restocked(world, refund, sold, back)
        for expense in world.rows["expense"]:
            if expense["function"] == "cogs":
                day = expense["spent_on"]
                spent = world.rates.convert(exact(expense["amount"]), expense.get("currency"), day)
                if spent is not None:
                    found.append(Cost(calendar.midnight(day), day, None, spent, None, None, False))
        return found

    return world.memo("costs", make)


def restocked(world: World, refund: Any, order: Any, back: Fraction) -> list[Cost]:
    """Returned goods reverse at the cost of the original sale, in the order's own mix of lines."""
    sold = world.calendar.day(order["ordered_at"])
    lines = world.by("order_line", "order_id").get(order["order_id"], [])
    total = sum((exact(line["quantity"]) for line in lines), ZERO)
    found = []
    for line in lines:
        cost = unit_cost(world, line.get("product_id"), sold)
        if cost is None or not total:
            continue
        share = back * exact(line["quantity"]) / total
        amount = world.rates.convert(-cost[0] * share, cost[1], sold)
        if amount is not None:
            found.append(
                Cost(
                    refund["refunded_at"],
                    world.calendar.day(refund["refunded_at"]),
                    order.get("account_id"),
                    amount,
                    line.get("product_id"),
                    order_channel(world, order["order_id"]),
                    True,
                )
            )
    return found


def cost_dims(world: World, cost: Cost) -> Dims:
    return customer(world, cost.account, cost.at) | {
        "product": named(cost.product),
        "channel": named(cost.channel),
    }


def cost_of_goods(book: Book) -> None:
    """4.A4 cogs, and the periodic reconciliation."""
    world = book.world
    facts = [Fact(c.amount, None, cost_dims(world, c), day=c.day) for c in costs(world)]
    book.dated("cogs", facts)
    for kpi_id in ("cogs_periodic", "cogs_variance"):
        for period in book.periods(kpi_id):
            amount = cogs_periodic(world, period)
            if amount is not None and kpi_id == "cogs_variance":
                sold = (c.amount for c in costs(world) if c.stock and period.has_day(c.day))
                amount = sum(sold, ZERO) - amount
            known = amount is not None
            book.put(
                *(kpi_id, period, ALL, ALL, amount, None, amount, int(known)),
                status=None if known else "no_data",
            )


def cogs_periodic(world: World, period: Period) -> Fraction | None:
    """Opening inventory plus purchases less closing inventory; None without both snapshots."""
    opening = inventory(world, period.start - ONE_DAY)
    closing = inventory(world, world.calendar.close_day(period))
    if opening is None or closing is None:
        return None
    bought = sum(
        (
            world.rates.convert(exact(p["cost"]), p.get("currency"), p["purchase_date"]) or ZERO
            for p in world.rows["purchases"]
            if period.has_day(p["purchase_date"])
        ),
        ZERO,
    )
    return opening + bought - closing


def inventory(world: World, day: date) -> Fraction | None:
    """The value of all stock at the latest snapshot on or before a day."""
    earlier = [r for r in world.rows["inventory_value"] if r["snapshot_date"] <= day]
    if not earlier:
        return None
    last = max(r["snapshot_date"] for r in earlier)
    return sum((money(exact(r["value"])) for r in earlier if r["snapshot_date"] == last), ZERO)


def profit_facts(world: World, period: Period) -> list[Fact]:
    """Gross profit: revenue rows and cost rows; the denominator carries the revenue."""

    def make() -> list[Fact]:
        found = [replace(f, denominator=f.numerator) for f in revenue_facts(world, period)]
        for cost in costs(world):
            if period.has_day(cost.day):
                found.append(Fact(-cost.amount, ZERO, cost_dims(world, cost), sample=0))
        for fact in found:
            fact.sample = int(bool(fact.denominator))
        return found

    return world.memo(("profit", period), make)


def gross_margin(book: Book) -> None:
    for period in book.periods("gross_margin"):
        book.tally("gross_margin", period, profit_facts(book.world, period))


# -- lifetime value -----------------------------------------------------------------------------


@dataclass
class Lifetime:
    """The four sums of CLV and revenue, of one slice of one window."""

    profit: Fraction = ZERO
    revenue: Fraction = ZERO
    customer_months: Fraction = ZERO
    churned: int = 0
    opening: int = 0

    @property
    def profit_per_month(self) -> Fraction | None:
        return ratio(self.profit, self.customer_months)

    @property
    def revenue_per_month(self) -> Fraction | None:
        return ratio(self.revenue, self.customer_months)

    @property
    def churn(self) -> Fraction | None:
        return Fraction(self.churned, self.opening) if self.opening else None


def lifetimes(world: World, period: Period) -> dict[tuple[str, str], Lifetime]:
    """(dimension, member) to the component sums over the months of a window."""

    def make() -> dict[tuple[str, str], Lifetime]:
        names = CATALOG["customer_lifetime_value"].dims
        found: dict[tuple[str, str], Lifetime] = {(ALL, ALL): Lifetime()}
        # The slices are those of arpu: members with revenue or customers.
        members = revenue_facts(world, period) + customer_month_facts(world, period)
        known = {(n, f.dims[n]) for f in members for n in names} | {(ALL, ALL)}

        def each(dims: Dims) -> list[Lifetime]:
            keys = [(ALL, ALL)] + [(n, dims[n]) for n in names]
            return [found.setdefault(k, Lifetime()) for k in keys if k in known]

        for fact in profit_facts(world, period):
            for life in each(fact.dims):
                life.profit += fact.numerator
                life.revenue += fact.denominator or ZERO
        for fact in customer_month_facts(world, period):
            for life in each(fact.dims):
                life.customer_months += fact.denominator or ZERO
        for month in world.calendar.months(period):
            at_close = active_customers(world, world.calendar.close(month))
            for account in active_customers(world, month.start_at):
                dims = customer(world, account, month.start_at, before=True)
                for life in each(dims):
                    life.opening += 1
                    life.churned += account not in at_close
        return found

    return world.memo(("lifetimes", period), make)


def clv(life: Lifetime) -> Fraction | None:
    return ratio(life.profit_per_month, life.churn)


def lifetime_value(book: Book) -> None:
    """4.A5 and its variants; the sample is the opening customer-months."""
    world = book.world
    for period in book.periods("customer_lifetime_value"):
        for (name, member), life in sorted(lifetimes(world, period).items()):
            churn = life.churn
            status = None if life.churned else "no_churn_observed"
            floor = None if churn is None else max(churn, Fraction(1, CAP_MONTHS))
            for kpi_id, top, bottom, note in (
                ("customer_lifetime_value", life.profit_per_month, churn, status),
                ("clv_revenue", life.revenue_per_month, churn, status),
                ("clv_capped", life.profit_per_month, floor, None),
            ):
                book.put(
                    kpi_id,
                    period,
                    name,
                    member,
                    top,
                    bottom,
                    ratio(top, bottom),
                    life.opening,
                    status=note,
                )
    discount = Fraction(str(world.params["annual_discount_rate"]))
    for period in book.periods("clv_discounted"):
        kept = annual_retention(world, period)
        for (name, member), life in sorted(lifetimes(world, period).items()):
            rate = kept.get((name, member))
            month = life.profit_per_month
            top = None if rate is None or month is None else 12 * month * rate
            bottom = None if rate is None else 1 + discount - rate
            book.put(
                "clv_discounted",
                period,
                name,
                member,
                top,
                bottom,
                ratio(top, bottom),
                life.opening,
            )


def annual_retention(world: World, period: Period) -> dict[tuple[str, str], Fraction]:
    """Retention over the window, by slice of the opening."""
    closing = active_customers(world, world.calendar.close(period))
    counts: dict[tuple[str, str], list[int]] = {}
    for account in active_customers(world, period.start_at):
        dims = customer(world, account, period.start_at, before=True)
        for key in [(ALL, ALL)] + [(n, dims[n]) for n in CATALOG["clv_discounted"].dims]:
            pair = counts.setdefault(key, [0, 0])
            pair[0] += account in closing
            pair[1] += 1
    return {k: Fraction(a, b) for k, (a, b) in counts.items()}


def historical_value(book: Book) -> None:
    """Gross profit of a cohort's customers to date, per customer of the cohort."""
    world = book.world
    calendar = world.calendar
    paid = first_paid(world)
    earned = [(r.account, r.day, r.amount) for r in revenue(world)]
    earned += [(c.account, c.day, -c.amount) for c in costs(world)]
    for period in book.periods("clv_historical"):
        facts = []
        for account, at in paid.items():
            if at >= calendar.close(period):
                continue
            profit = sum((m for a, d, m in earned if a == account and d < period.end), ZERO)
            cohort = calendar.day(at).strftime("%Y-%m")
            facts.append(Fact(profit, Fraction(1), {"cohort": cohort}))
        book.tally("clv_historical", period, facts)
