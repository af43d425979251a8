"""Acquisition cost, conversion, abandonment and referrals (contract 4.C, 5.1, 5.3)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from . import dimensions
from .book import ALL, Book, Fact, Started
from .dimensions import customer, history, named
from .identity import Row, World
from .lifecycle import first_paid, is_active
from .money import ZERO, exact, ratio
from .periods import Period, shift_month
from .revenue import lifetimes, month_facts, profit_facts
from .workforce import quota_carrying_fte, sales_role

ONE = Fraction(1)


def calculate(book: Book) -> None:
    acquisition_cost(book)
    payback_and_value(book)
    campaign_cost(book)
    prospects(book)
    leads(book)
    speed_to_lead(book)
    carts(book)
    forms(book)
    referrals(book)


# -- cost of acquisition ------------------------------------------------------------------------


def new_customers(world: World) -> list[tuple[str, datetime, date]]:
    """Accounts that paid for the first time, when, and the local day."""
    return [(a, t, world.calendar.day(t)) for a, t in sorted(first_paid(world).items())]


def spend(world: World, functions: tuple[str, ...]) -> list[tuple[date, str, Fraction]]:
    """Acquisition spend: day, channel (of its campaign) and counted amount."""
    found = []
    for expense in world.rows["expense"]:
        if expense["function"] not in functions:
            continue
        amount = exact(expense["amount"]) * exact(expense.get("acquisition_share"), 1)
        counted = world.rates.convert(amount, expense.get("currency"), expense["spent_on"])
        if counted is None:
            continue
        campaign = world.campaigns.get(expense.get("campaign_id") or "", {})
        found.append((expense["spent_on"], named(campaign.get("channel")), counted))
    return found


def shifted(world: World, period: Period, months: int) -> Period:
    """The period moved back by whole months."""
    start, end = shift_month(period.start, -months), shift_month(period.end, -months)
    return world.calendar.make(period.grain, start, end)


def acquisition_cost(book: Book) -> None:
    """4.C1. A channel is published where costs carry it, or `unknown` where they carry none."""
    world = book.world
    lag = world.params["cac_lag_months"]
    variants = [
        ("customer_acquisition_cost", ("sales", "marketing"), 0),
        ("cac_marketing_only", ("marketing",), 0),
    ]
    if lag > 0:
        variants.append(("cac_lagged", ("sales", "marketing"), lag))
    for kpi_id, functions, months in variants:
        for period in book.periods(kpi_id):
            window = shifted(world, period, months) if months else period
            paid = [
                Fact(
                    ZERO, ONE, {"acquisition_channel": customer(world, a, t)["acquisition_channel"]}
                )
                for a, t, day in new_customers(world)
                if period.has_day(day)
            ]
            spent = [
                Fact(amount, ZERO, {"acquisition_channel": channel}, sample=0)
                for day, channel, amount in spend(world, functions)
                if window.has_day(day)
            ]
            funded = {f.dims["acquisition_channel"] for f in spent}
            for fact in paid:
                if fact.dims["acquisition_channel"] not in funded:
                    fact.dims = {}
            book.tally(kpi_id, period, spent + paid)


def payback_and_value(book: Book) -> None:
    """5.1 cac_payback_months and ltv_cac_ratio: the two sides of their formulas."""
    world = book.world
    for period in book.periods("cac_payback_months"):
        cost = acquisition_spend(world, period)
        gained = sum(
            (
                f.numerator
                for m in world.calendar.months(period)
                for f in month_facts(world, m)["new_mrr"]
            ),
            ZERO,
        )
        profit = sum((f.numerator for f in profit_facts(world, period)), ZERO)
        income = sum((f.denominator or ZERO for f in profit_facts(world, period)), ZERO)
        margin = ratio(profit, income)
        bottom = ZERO if margin is None else gained * margin
        value = ratio(cost, bottom) if margin is not None and margin > 0 else None
        book.put(
            "cac_payback_months", period, ALL, ALL, cost, bottom, value, buyers_in(world, period)
        )
    for period in book.periods("ltv_cac_ratio"):
        life = lifetimes(world, period)[(ALL, ALL)]
        top = ratio(life.profit_per_month, life.churn)
        buyers = buyers_in(world, period)
        bottom = ratio(acquisition_spend(world, period), Fraction(buyers))
        status = None if life.churned else "no_churn_observed"
        book.put(
            "ltv_cac_ratio",
            period,
            ALL,
            ALL,
            top,
            bottom,
            ratio(top, bottom),
            buyers,
            status=status,
        )


def acquisition_spend(world: World, period: Period) -> Fraction:
    rows = spend(world, ("sales", "marketing"))
    return sum((amount for day, _, amount in rows if period.has_day(day)), ZERO)


def buyers_in(world: World, period: Period) -> int:
    return sum(1 for _, _, day in new_customers(world) if period.has_day(day))


# -- campaigns ----------------------------------------------------------------------------------

OUTSIDE_CPA = ("salary", "salaries", "commission")


def acquisitions(world: World) -> list[tuple[str, datetime]]:
    """Account and instant of every acquisition event of the configured kind."""
    kind = world.params["acquisition_event"]
    if kind == "lead":
        return [
            (x["converted_account_id"], x["created_at"])
            for x in world.rows["lead"]
            if x.get("converted_account_id")
        ]
    if kind == "trial":
        first: dict[str, datetime] = {}
        for sub in world.rows["subscription"]:
            start = sub.get("trial_start")
            if start and start < world.as_of:
                first[sub["account_id"]] = min(start, first.get(sub["account_id"], start))
        return sorted(first.items())
    return [(a, t) for a, t, _ in new_customers(world)]


def last_touch(world: World, account: str, at: datetime) -> Row | None:
    """The latest touch at or before the acquisition and inside its window."""
    window = world.params["attribution_window_days"]
    touches = [
        t
        for t in world.by("attribution", "account_id").get(account, [])
        if (t.get("model") or "last_touch") == "last_touch"
        and world.calendar.within_days(t["attributed_at"], at, window)
    ]
    touches.sort(key=lambda t: (t["attributed_at"], t["acquisition_id"], t["campaign_id"]))
    return touches[-1] if touches else None


def campaign_cost(book: Book) -> None:
    """4.C2: direct spend of paid campaigns over the acquisitions credited to them."""
    world = book.world

    def dims(campaign: Row, country: Any) -> dict[str, str]:
        return {
            "campaign": named(campaign["campaign_id"]),
            "channel": named(campaign.get("channel")),
            "country": named(country),
        }

    facts = []
    for expense in world.rows["expense"]:
        campaign = world.campaigns.get(expense.get("campaign_id") or "")
        if campaign is None or not campaign.get("is_paid"):
            continue
        if expense.get("category") in OUTSIDE_CPA:
            continue
        day = expense["spent_on"]
        amount = world.rates.convert(exact(expense["amount"]), expense.get("currency"), day)
        if amount is not None:
            facts.append(Fact(amount, ZERO, dims(campaign, None), day=day, sample=0))
    for account, at in acquisitions(world):
        touch = last_touch(world, account, at)
        campaign = world.campaigns.get(touch["campaign_id"]) if touch else None
        if campaign is not None and campaign.get("is_paid"):
            country = world.accounts.get(account, {}).get("country")
            facts.append(Fact(ZERO, ONE, dims(campaign, country), day=world.calendar.day(at)))
    book.dated("cost_per_acquisition", facts)


# -- prospects and leads ------------------------------------------------------------------------


def converts(world: World, account: str | None, since: datetime) -> bool:
    """Did the account pay for the first time inside the conversion window of an anchor?"""
    paid = first_paid(world).get(account or "")
    window = world.params["conversion_window_days"]
    return paid is not None and world.calendar.within_days(since, paid, window)


def prospects(book: Book) -> None:
    """4.C3: accounts by the period of their first non-renewal opportunity."""
    world = book.world
    first: dict[str, Row] = {}
    for row in world.rows["opportunity"]:
        account = row.get("account_id")
        if account is None or row.get("type") == "renewal":
            continue
        key = (row["created_at"], row["opportunity_id"])
        old = first.get(account)
        if old is None or key < (old["created_at"], old["opportunity_id"]):
            first[account] = row
    facts = []
    paid = first_paid(world)
    for account, row in sorted(first.items()):
        at = row["created_at"]
        if account in paid and paid[account] < at:
            continue
        if world.accounts.get(account, {}).get("is_deleted") and not has_billing(world, account):
            continue
        dims = customer(world, account, at) | dimensions.sales(world, row, at)
        won = Fraction(int(converts(world, account, at)))
        facts.append(Fact(won, ONE, dims, day=world.calendar.day(at)))
    book.dated("conversion_rate", facts)


def has_billing(world: World, account: str) -> bool:
    """Has a deleted account billing facts, so that it stays (G-19)?"""
    return any(
        world.by(entity, "account_id").get(account)
        for entity in ("subscription", "order", "invoice", "contract")
    )


def lead_dims(world: World, lead: Row) -> dict[str, str]:
    account = lead.get("converted_account_id")
    then = history(world, account, lead["created_at"], False) if account else {}
    return {
        "lead_source": named(lead.get("source")),
        "campaign": named(lead.get("campaign_id")),
        "owner": named(lead.get("owner_id")),
        "country": named(world.accounts.get(account or "", {}).get("country")),
        "segment": named(then.get("segment")),
    }


def lead_deals(world: World, lead: Row) -> list[Row]:
    """Opportunities linked to a lead from either side, oldest first."""
    found = [
        o
        for o in world.rows["opportunity"]
        if o.get("lead_id") == lead["lead_id"]
        or o["opportunity_id"] == lead.get("converted_opportunity_id")
    ]
    return sorted(found, key=lambda o: (o["created_at"], o["opportunity_id"]))


def leads(book: Book) -> None:
    """4.C4 and 4.C5: leads by the period of their creation."""
    from .sales import won_at

    world = book.world
    eligible = [
        x
        for x in world.rows["lead"]
        if not is_active(world, x.get("converted_account_id"), x["created_at"])
    ]
    earliest: dict[str, Row] = {}
    for lead in sorted(eligible, key=lambda x: (x["created_at"], x["lead_id"])):
        if lead.get("converted_account_id"):
            earliest.setdefault(lead["converted_account_id"], lead)
    facts = []
    for lead in eligible:
        account = lead.get("converted_account_id")
        credited = account is not None and earliest[account] is lead
        paid = credited and converts(world, account, lead["created_at"])
        day = world.calendar.day(lead["created_at"])
        facts.append(Fact(Fraction(int(paid)), ONE, lead_dims(world, lead), day=day))
    book.dated("lead_to_customer_rate", facts)
    for period in book.periods("lead_to_customer_rate_period"):
        created = [Fact(ZERO, ONE) for f in facts if period.has_day(f.day or date.max)]
        paid_now = [Fact(ONE, ZERO, sample=0) for _ in range(buyers_in(world, period))]
        book.tally("lead_to_customer_rate_period", period, created + paid_now)
    booked = []
    for lead in world.rows["lead"]:
        deals = lead_deals(world, lead)
        window = world.params["conversion_window_days"]
        wins = [won_at(world, o) for o in deals]
        won = any(
            w is not None and world.calendar.within_days(lead["created_at"], w, window)
            for w in wins
        )
        dims = lead_dims(world, lead)
        dims["opportunity_type"] = named(deals[0].get("type") if deals else None)
        day = world.calendar.day(lead["created_at"])
        booked.append(Fact(Fraction(int(won)), ONE, dims, day=day))
    book.dated("lead_to_sale_conversion_rate", booked)


def speed_to_lead(book: Book) -> None:
    """5.3: minutes from the lead to the first human outreach."""
    world = book.world
    facts, waiting = [], []
    for lead in world.rows["lead"]:
        touched = lead.get("first_touched_at")
        dims = lead_dims(world, lead)
        if touched is None or touched >= world.as_of:
            waiting.append(Started(world.calendar.day(lead["created_at"]), dims))
            continue
        facts.append(
            lasting(world, lead["created_at"], touched, dims, timedelta(minutes=1), touched)
        )
    book.dated("speed_to_lead", facts, unfinished=waiting, percentiles=True)


def lasting(
    world: World, start: datetime, end: datetime, dims: Any, unit: timedelta, counted: datetime
) -> Fact:
    """A duration fact on the day of completion; rejected where it is negative (G-06)."""
    length = Fraction((end - start) // timedelta(microseconds=1)) / Fraction(
        unit // timedelta(microseconds=1)
    )
    day = world.calendar.day(counted)
    return Fact(length, ONE, dims, day=day, rejected=length < 0)


# -- abandonment --------------------------------------------------------------------------------


def carts(book: Book) -> None:
    """4.C6: carts by their first add, checkouts among them, and purchases after the window."""
    world = book.world
    window = timedelta(hours=world.params["abandonment_window_hours"])
    added: dict[str, list[Row]] = {}
    for event in world.rows["web_event"]:
        if event.get("cart_id"):
            added.setdefault(event["cart_id"], []).append(event)
    every, checked, late = [], [], []
    for events in added.values():
        events.sort(key=lambda e: (e["occurred_at"], e["event_id"]))
        adds = [e for e in events if e["name"] == "add_to_cart"]
        if not adds:
            continue
        start = adds[0]["occurred_at"]
        bought = [
            e["occurred_at"]
            for e in events
            if e["name"] == "purchase" and e["occurred_at"] >= start
        ]
        left = not any(t <= start + window for t in bought)
        day, dims = world.calendar.day(start), dimensions.web(adds[0])
        checkout = any(e["name"] == "begin_checkout" for e in events)
        dims["checkout_step"] = "begin_checkout" if checkout else "add_to_cart"
        every.append(Fact(Fraction(int(left)), ONE, dims, day=day))
        if checkout:
            checked.append(Fact(Fraction(int(left)), ONE, dims, day=day))
        if left and bought:
            late.append(Fact(ONE, None, dims, day=day))
    book.dated("cart_abandonment_rate", every)
    book.dated("checkout_abandonment_rate", checked)
    book.dated("late_recovery_count", late)
    basis = world.params["abandonment_basis"]
    if basis != "form":
        book.dated("abandonment_rate", every if basis == "cart" else checked)


def forms(book: Book) -> None:
    """Form sessions (session x form) by their first start."""
    world = book.world
    sessions: dict[tuple[str, str], list[Row]] = {}
    for event in world.rows["web_event"]:
        if event.get("form_id") and event.get("session_id"):
            sessions.setdefault((event["session_id"], event["form_id"]), []).append(event)
    facts = []
    for (_, form), events in sessions.items():
        events.sort(key=lambda e: (e["occurred_at"], e["event_id"]))
        starts = [e for e in events if e["name"] == "form_start"]
        if not starts:
            continue
        at = starts[0]["occurred_at"]
        sent = any(e["name"] == "form_submit" and e["occurred_at"] >= at for e in events)
        dims = dimensions.web(starts[0]) | {"form": named(form)}
        facts.append(Fact(Fraction(int(not sent)), ONE, dims, day=world.calendar.day(at)))
    book.dated("form_abandonment_rate", facts)
    if world.params["abandonment_basis"] == "form":
        book.dated("abandonment_rate", facts)


# -- referrals ----------------------------------------------------------------------------------


def referred_lead(world: World, referral: Row) -> Row | None:
    """The lead a referral led to: by its own link, the lead's link, or the e-mail address."""
    lead = world.leads.get(referral.get("lead_id") or "")
    if lead is not None:
        return lead
    linked = [x for x in world.rows["lead"] if x.get("referral_id") == referral["referral_id"]]
    if not linked and referral.get("referred_email"):
        mail = referral["referred_email"].strip().lower()
        linked = [x for x in world.rows["lead"] if (x.get("email") or "").strip().lower() == mail]
    return min(linked, key=lambda x: (x["created_at"], x["lead_id"])) if linked else None


def person(world: World, lead: Row) -> str:
    """One key per referred person: leads with the same address are the same person."""
    mail = (lead.get("email") or "").strip().lower()
    return f"mail {mail}" if mail else f"lead {lead['lead_id']}"


def valid_referrals(world: World) -> list[tuple[Row, Row]]:
    """Valid referrals with their lead, oldest first."""

    def make() -> list[tuple[Row, Row]]:
        last: dict[str, date] = {}
        found = []
        for referral in sorted(
            world.rows["referral"], key=lambda r: (r["created_at"], r["referral_id"])
        ):
            lead = referred_lead(world, referral)
            if lead is None or is_self(world, referral, lead):
                continue
            if is_active(world, lead.get("converted_account_id"), referral["created_at"]):
                continue
            who, day = person(world, lead), world.calendar.day(referral["created_at"])
            wait = world.params["referral_dedupe_days"]
            if who in last and (day - last[who]).days <= wait:
                continue
            last[who] = day
            found.append((referral, lead))
        return found

    return world.memo("valid referrals", make)


def is_self(world: World, referral: Row, lead: Row) -> bool:
    """Did somebody refer themselves: the same account or the same person?"""
    account = referral.get("referrer_account_id")
    if account is not None and account == lead.get("converted_account_id"):
        return True
    user = world.staff.get(referral.get("referrer_user_id") or "", {})
    mail = (user.get("email") or "").strip().lower()
    theirs = (lead.get("email") or referral.get("referred_email") or "").strip().lower()
    return bool(mail) and mail == theirs


def by_sales_team(world: World, referral: Row) -> bool:
    day = world.calendar.day(referral["created_at"])
    return sales_role(world, referral.get("referrer_user_id"), day)


def referral_dims(world: World, referral: Row, lead: Row) -> dict[str, str]:
    account = referral.get("referrer_account_id")
    then = history(world, account, referral["created_at"], False) if account else {}
    return {
        "referrer_type": named(referral.get("referrer_type")),
        "referrer": named(account or referral.get("referrer_user_id")),
        "segment": named(then.get("segment")),
        "source": named(lead.get("source")),
    }


def referrals(book: Book) -> None:
    """4.C7."""
    world = book.world
    counts, shares = [], []
    for referral, lead in valid_referrals(world):
        dims = referral_dims(world, referral, lead)
        day = world.calendar.day(referral["created_at"])
        counts.append(Fact(ONE, None, dims, day=day))
        shares.append(Fact(Fraction(int(by_sales_team(world, referral))), ONE, dims, day=day))
    book.dated("referral_count", counts)
    book.dated("sales_team_referral_share", shares)

    by_account: dict[str, list[tuple[Row, Row]]] = {}
    for referral, lead in valid_referrals(world):
        if lead.get("converted_account_id"):
            by_account.setdefault(lead["converted_account_id"], []).append((referral, lead))
    sources: dict[str, Row] = {}
    for lead in sorted(world.rows["lead"], key=lambda x: (x["created_at"], x["lead_id"])):
        if lead.get("converted_account_id"):
            sources.setdefault(lead["converted_account_id"], lead)
    facts = []
    for account, at, day in new_customers(world):
        referred = [(r, x) for r, x in by_account.get(account, []) if r["created_at"] <= at]
        dims = {
            "segment": customer(world, account, at)["segment"],
            "source": named(sources.get(account, {}).get("source")),
        }
        outcomes = {}
        if referred:
            who = referral_dims(world, *referred[0])
            outcomes = {n: who[n] for n in ("referrer_type", "referrer")}
        facts.append(Fact(Fraction(int(bool(referred))), ONE, dims, outcomes, day=day))
    book.dated("referral_rate", facts)

    for period in book.periods("referrals_per_rep"):
        made = [f for f in shares if f.numerator and period.has_day(f.day or date.max)]
        top = Fraction(len(made))
        bottom = quota_carrying_fte(world, period)
        book.put("referrals_per_rep", period, ALL, ALL, top, bottom, ratio(top, bottom), len(made))
