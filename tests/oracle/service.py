"""Service (contract 4.E, 5.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from . import dimensions
from .acquisition import lasting
from .book import Book, Fact, Started
from .business import MINUTE, business_due, business_minutes, minutes
from .dimensions import history, named, team
from .identity import FAR_AWAY, Row, World
from .lifecycle import active_customers
from .money import ZERO, exact, ratio
from .periods import Period

ONE = Fraction(1)
STATES = ("new", "open", "pending", "hold", "solved", "closed")
DONE = ("solved", "closed")


def calculate(book: Book) -> None:
    first_responses(book)
    handle_times(book)
    resolutions(book)
    first_contact(book)
    reopened(book)
    bot_resolutions(book)
    handoffs(book)
    agents(book)
    contacts(book)
    open_tickets(book)
    promises(book)


# -- the story of a ticket ------------------------------------------------------------------------


def is_human(world: World, user: str | None) -> bool:
    """Is the author of an agent message a person (no bot by their staff row)?"""
    return not world.staff.get(user or "", {}).get("is_bot")


def messages(world: World, ticket: Row) -> list[Row]:
    rows = world.by("ticket_message", "ticket_id").get(ticket["ticket_id"], [])
    return sorted(rows, key=lambda m: (m["sent_at"], m["message_id"]))


def agent_messages(world: World, ticket: Row) -> list[Row]:
    """Messages by human agents, private notes included."""
    return [
        m
        for m in messages(world, ticket)
        if m["author_type"] == "agent" and is_human(world, m.get("author_id"))
    ]


def replies(world: World, ticket: Row) -> list[Row]:
    """Public replies of human agents."""
    return [m for m in agent_messages(world, ticket) if m.get("is_public")]


def status_events(world: World, ticket: Row) -> list[Row]:
    rows = world.by("ticket_status_event", "ticket_id").get(ticket["ticket_id"], [])
    return sorted(rows, key=lambda e: (e["changed_at"], STATES.index(e["status"])))


@dataclass(frozen=True)
class Solve:
    """One stay in solved or closed: from its entry until it was reopened (or None)."""

    at: datetime
    by: str | None
    reopened: datetime | None
    cause: str | None


def solves(world: World, ticket: Row) -> list[Solve]:
    """Solved and closed in a row are one solve."""

    def make() -> list[Solve]:
        found: list[Solve] = []
        current: Row | None = None
        for event in status_events(world, ticket):
            if event["status"] in DONE:
                current = current or event
            elif current is not None:
                found.append(
                    Solve(
                        current["changed_at"],
                        current.get("changed_by"),
                        event["changed_at"],
                        event.get("cause"),
                    )
                )
                current = None
        if current is not None:
            found.append(Solve(current["changed_at"], current.get("changed_by"), None, None))
        return found

    return world.memo(("solves", ticket["ticket_id"]), make)


def is_solved(world: World, ticket: Row) -> bool:
    """Is the ticket solved or closed at `as_of`?"""
    done = solves(world, ticket)
    return bool(done) and done[-1].reopened is None


def by_customer(ticket: Row) -> bool:
    return ticket.get("submitter_type") == "customer"


def inside(world: World, ticket: Row) -> date:
    return world.calendar.day(ticket["created_at"])


def waiting(world: World, ticket: Row) -> Started:
    return Started(inside(world, ticket), dimensions.service(world, ticket, ticket["created_at"]))


# -- 4.E1 -----------------------------------------------------------------------------------------


def business_fact(world: World, ticket: Row, end: datetime, dims: Any) -> Fact | None:
    """Business minutes from creation to an instant; None without a schedule."""
    length = business_minutes(world, ticket, ticket["created_at"], end)
    if length is None:
        return None
    return Fact(length, ONE, dims, day=world.calendar.day(end), rejected=length < 0)


def first_responses(book: Book) -> None:
    world = book.world
    calendar_time, business_time, unanswered, silent = [], [], [], []
    for ticket in world.rows["ticket"]:
        if not by_customer(ticket):
            continue
        answers = replies(world, ticket)
        if answers:
            at = answers[0]["sent_at"]
            dims = dimensions.service(world, ticket, at)
            calendar_time.append(lasting(world, ticket["created_at"], at, dims, MINUTE, at))
            fact = business_fact(world, ticket, at, dims)
            if fact:
                business_time.append(fact)
        elif is_solved(world, ticket):
            at = solves(world, ticket)[-1].at
            dims = dimensions.service(world, ticket, at)
            silent.append(Fact(ONE, None, dims, day=world.calendar.day(at)))
        else:
            unanswered.append(waiting(world, ticket))
    book.dated("first_response_time", calendar_time, unfinished=unanswered, percentiles=True)
    book.dated(
        "first_response_time_business", business_time, unfinished=unanswered, percentiles=True
    )
    book.dated("solved_without_reply_count", silent)
    for period in book.periods("awaiting_first_response_count"):
        facts = [Fact(ONE, None, s.dims) for s in unanswered if s.day < period.end]
        book.tally("awaiting_first_response_count", period, facts)


# -- 4.E2 -----------------------------------------------------------------------------------------

HANDLED = ("talk", "hold", "wrap", "work")


@dataclass
class Interaction:
    """One interaction: its end (None while it runs), its handle minutes by agent, its rejects."""

    key: str
    channel: str | None
    topic: str | None
    end: datetime | None
    by_agent: dict[str, Fraction]
    rejected: int
    start: datetime


def interactions(world: World) -> list[Interaction]:
    def make() -> list[Interaction]:
        legs: dict[str, list[tuple[datetime, datetime, str]]] = {}
        rejected: dict[str, int] = {}
        for row in world.rows["handle_segment"]:
            end = row.get("ended_at") or FAR_AWAY
            if end < row["started_at"]:
                key = row["interaction_id"]
                rejected[key] = rejected.get(key, 0) + 1
            elif row["kind"] in HANDLED and is_agent(world, row.get("agent_id")):
                leg = (row["started_at"], min(end, world.as_of), row["interaction_id"])
                legs.setdefault(row["agent_id"], []).append(leg)
        found = []
        for key, rows in sorted(world.by("handle_segment", "interaction_id").items()):
            right = [r for r in rows if (r.get("ended_at") or FAR_AWAY) >= r["started_at"]]
            rows = sorted(right or rows, key=lambda r: (r["started_at"], r["segment_id"]))
            ends = [r.get("ended_at") or FAR_AWAY for r in rows]
            ticket = world.tickets.get(rows[0].get("ticket_id") or "", {})
            found.append(
                Interaction(
                    key,
                    rows[0].get("channel"),
                    ticket.get("topic"),
                    max(ends) if max(ends) < world.as_of else None,
                    {
                        a: shared(own, key)
                        for a, own in legs.items()
                        if any(x[2] == key for x in own)
                    },
                    rejected.get(key, 0),
                    rows[0]["started_at"],
                )
            )
        return found

    return world.memo("interactions", make)


def is_agent(world: World, user: str | None) -> bool:
    return user is not None and is_human(world, user)


def shared(legs: list[tuple[datetime, datetime, str]], key: str) -> Fraction:
    """Minutes of one agent on one interaction; an agent's time is divided at every instant."""
    cuts = sorted({t for start, end, _ in legs for t in (start, end)})
    total = ZERO
    for low, high in pairwise(cuts):
        at_work = {k for start, end, k in legs if start <= low and end >= high}
        if key in at_work:
            total += minutes(high - low) / len(at_work)
    return total


def handle_times(book: Book) -> None:
    world = book.world
    whole, by_agent, by_team, running = [], [], [], []
    for talk in interactions(world):
        dims = {"channel": named(talk.channel), "topic": named(talk.topic)}
        if talk.end is None:
            if talk.by_agent:
                running.append(Started(world.calendar.day(talk.start), dims))
            continue
        day = world.calendar.day(talk.end)
        whole += [Fact(day=day, dims=dims, rejected=True)] * talk.rejected
        if not talk.by_agent:
            continue
        whole.append(Fact(sum(talk.by_agent.values(), ZERO), ONE, dims, day=day))
        teams: dict[str, Fraction] = {}
        for agent, length in talk.by_agent.items():
            by_agent.append(Fact(length, ONE, {"agent": named(agent)}, day=day))
            name = team(world, agent, day)
            teams[name] = teams.get(name, ZERO) + length
        by_team += [Fact(length, ONE, {"team": name}, day=day) for name, length in teams.items()]
    book.dated("average_handle_time", whole, unfinished=running, percentiles=True)
    for legs in (by_agent, by_team):
        book.dated("average_handle_time", legs, percentiles=True, undivided=False)


# -- 4.E3 -----------------------------------------------------------------------------------------


def pending(world: World, ticket: Row, end: datetime) -> timedelta:
    """Time in pending between creation and an instant."""
    total = timedelta(0)
    events = status_events(world, ticket)
    for event, after in zip(events, [*events[1:], None], strict=False):
        if event["status"] == "pending":
            stop = min(after["changed_at"], end) if after else end
            total += max(stop - max(event["changed_at"], ticket["created_at"]), timedelta(0))
    return total


def resolutions(book: Book) -> None:
    world = book.world
    last, first, business, net = [], [], [], []
    not_now, never = [], []
    for ticket in world.rows["ticket"]:
        done = solves(world, ticket)
        created = ticket["created_at"]
        if done:
            dims = dimensions.service(world, ticket, done[0].at)
            first.append(lasting(world, created, done[0].at, dims, MINUTE, done[0].at))
        else:
            never.append(waiting(world, ticket))
        if not is_solved(world, ticket):
            not_now.append(waiting(world, ticket))
            continue
        at = done[-1].at
        dims = dimensions.service(world, ticket, at)
        fact = lasting(world, created, at, dims, MINUTE, at)
        last.append(fact)
        length = fact.numerator - minutes(pending(world, ticket, at))
        net.append(Fact(length, ONE, dims, day=fact.day, rejected=fact.rejected))
        hours = business_fact(world, ticket, at, dims)
        if hours:
            business.append(hours)
    book.dated("average_resolution_time", last, unfinished=not_now, percentiles=True)
    book.dated("resolution_time_business", business, unfinished=not_now, percentiles=True)
    book.dated("resolution_time_net", net, unfinished=not_now, percentiles=True)
    book.dated("first_resolution_time", first, unfinished=never, percentiles=True)


# -- 4.E4 -----------------------------------------------------------------------------------------


def same_matter(one: Row, other: Row) -> bool:
    """The same requester and topic; where a topic is missing the requester alone decides."""
    who = one.get("requester_contact_id")
    if who is None or who != other.get("requester_contact_id"):
        return False
    a, b = one.get("topic"), other.get("topic")
    return not a or not b or a == b


def is_repeat(world: World, ticket: Row) -> bool:
    """Was the ticket created within the window after an earlier solve of the same matter?"""
    return any(
        world.calendar.within_days(solve.at, ticket["created_at"], world.params["fcr_window_days"])
        for other in world.rows["ticket"]
        if other is not ticket and same_matter(ticket, other)
        for solve in solves(world, other)
    )


def reopened_within(world: World, ticket: Row, days: int, forgive: bool = False) -> bool:
    """Was the ticket reopened within days of its first solve?

    `forgive` passes over a thank-you: reopened by a customer message and solved again without a
    further public reply.
    """
    done = solves(world, ticket)
    first = done[0].at
    for here, after in zip(done, [*done[1:], None], strict=False):
        if here.reopened is None or not world.calendar.within_days(first, here.reopened, days):
            continue
        if forgive and here.cause == "customer_message" and after is not None:
            answered = any(
                here.reopened <= m["sent_at"] <= after.at for m in replies(world, ticket)
            )
            if not answered:
                continue
        return True
    return False


def first_contact(book: Book) -> None:
    world = book.world
    window = world.params["fcr_window_days"]
    net, gross = [], []
    for ticket in world.rows["ticket"]:
        done = solves(world, ticket)
        if not by_customer(ticket) or not done or not agent_messages(world, ticket):
            continue
        first = done[0].at
        day = world.calendar.day(first)
        if world.calendar.midnight(day + timedelta(days=window + 1)) > world.as_of:
            continue
        if is_repeat(world, ticket):
            continue
        quick = sum(1 for m in replies(world, ticket) if m["sent_at"] <= first) <= 1
        came_back = any(
            other is not ticket
            and same_matter(ticket, other)
            and world.calendar.within_days(first, other["created_at"], window)
            for other in world.rows["ticket"]
        )
        good = quick and not came_back and not reopened_within(world, ticket, window, True)
        fact = Fact(Fraction(int(good)), ONE, dimensions.service(world, ticket, first), day=day)
        gross.append(fact)
        if ticket.get("first_level_resolvable"):
            net.append(fact)
    book.dated("first_contact_resolution", net)
    book.dated("first_contact_resolution_gross", gross)


# -- 5.4 ratios -----------------------------------------------------------------------------------


def reopened(book: Book) -> None:
    world = book.world
    days = world.params["reopen_window_days"]
    facts = []
    for ticket in world.rows["ticket"]:
        done = solves(world, ticket)
        if done:
            again = reopened_within(world, ticket, days)
            dims = dimensions.service(world, ticket, done[0].at)
            day = world.calendar.day(done[0].at)
            facts.append(Fact(Fraction(int(again)), ONE, dims, day=day))
    book.dated("reopen_rate", facts)


def bot_resolutions(book: Book) -> None:
    world = book.world
    days = world.params["reopen_window_days"]
    facts = []
    for ticket in world.rows["ticket"]:
        done = solves(world, ticket)
        if done:
            alone = not agent_messages(world, ticket) and not reopened_within(world, ticket, days)
            dims = dimensions.service(world, ticket, done[0].at)
            day = world.calendar.day(done[0].at)
            facts.append(Fact(Fraction(int(alone)), ONE, dims, day=day))
    book.dated("bot_resolution_rate", facts)


def handoffs(book: Book) -> None:
    """4.F4 proxy: solved tickets whose public replies came from two or more agents."""
    world = book.world
    facts = []
    for ticket in world.rows["ticket"]:
        answers = replies(world, ticket)
        if is_solved(world, ticket) and answers:
            at = solves(world, ticket)[-1].at
            several = len({m.get("author_id") for m in answers}) >= 2
            dims = dimensions.service(world, ticket, at)
            facts.append(Fact(Fraction(int(several)), ONE, dims, day=world.calendar.day(at)))
    book.dated("handoff_rate", facts)


# -- 4.E5 -----------------------------------------------------------------------------------------


def last_solve_before(world: World, ticket: Row, c: datetime) -> Solve | None:
    earlier = [s for s in solves(world, ticket) if s.at < c]
    return earlier[-1] if earlier else None


def agents(book: Book) -> None:
    world = book.world
    for period in book.periods("agent_productivity"):
        logged = [r for r in world.rows["agent_time"] if period.has_day(r["work_date"])]
        logged = [r for r in logged if is_human(world, r["agent_id"])]
        available: dict[str, Fraction] = {}
        for row in logged:
            hours = exact(row.get("available_minutes")) / 60
            available[row["agent_id"]] = available.get(row["agent_id"], ZERO) + hours
        present = {a for a, hours in available.items() if hours > 0}
        facts, per_agent = [], []
        for ticket in world.rows["ticket"]:
            solve = last_solve_before(world, ticket, world.calendar.close(period))
            if solve is None or not period.has(solve.at):
                continue
            if solve.by not in world.staff or not is_agent(world, solve.by):
                continue
            day = world.calendar.day(solve.at)
            dims = {"agent": named(solve.by), "team": team(world, solve.by, day)}
            outcomes = {"channel": named(ticket.get("channel"))}
            known = solve.by in present
            facts.append(Fact(ONE, ZERO, dims, outcomes, rejected=not known))
            if known:
                per_agent.append(Fact(ONE, ZERO, {"team": dims["team"]}))
            else:
                per_agent.append(Fact(ONE, ZERO, {"team": dims["team"]}, rejected=True))
        for row in logged:
            hours = exact(row.get("available_minutes")) / 60
            dims = agent_dims(world, row)
            facts.append(Fact(ZERO, hours, dims, sample=0))
        seen: set[tuple[str, str]] = set()
        for row in logged:
            pair = (row["agent_id"], agent_dims(world, row)["team"])
            if row["agent_id"] in present and pair not in seen:
                seen.add(pair)
        for agent in sorted(present):
            teams = tuple(sorted({t for a, t in seen if a == agent}))
            per_agent.append(Fact(ZERO, ONE, {"team": teams}, sample=0))
        book.tally("agent_productivity", period, facts)
        book.tally("tickets_solved_per_agent", period, per_agent)
    for period in book.periods("occupancy"):
        book.tally("occupancy", period, occupancy(world, period))


def agent_dims(world: World, row: Row) -> dict[str, str]:
    return {
        "agent": named(row["agent_id"]),
        "team": team(world, row["agent_id"], row["work_date"]),
    }


def occupancy(world: World, period: Period) -> list[Fact]:
    """Handle minutes of interactions ended in the period over logged-in minutes."""
    facts = []
    for talk in interactions(world):
        if talk.end is None or not period.has(talk.end):
            continue
        day = world.calendar.day(talk.end)
        for agent, length in talk.by_agent.items():
            dims = {"agent": named(agent), "team": team(world, agent, day)}
            facts.append(Fact(length, ZERO, dims))
    for row in world.rows["agent_time"]:
        if period.has_day(row["work_date"]) and is_human(world, row["agent_id"]):
            logged = exact(row.get("logged_in_minutes"))
            facts.append(Fact(ZERO, logged, agent_dims(world, row), sample=0))
    return facts


def contacts(book: Book) -> None:
    """5.2 contact_rate: 100 x customer-initiated tickets over (average) active customers.

    The sample is the number of whole customer-months.
    """
    world = book.world
    for period in book.periods("contact_rate"):
        facts = []
        for ticket in world.rows["ticket"]:
            if by_customer(ticket) and period.has(ticket["created_at"]):
                then = history(world, ticket.get("account_id"), ticket["created_at"], False)
                dims = {"segment": named(then.get("segment"))}
                facts.append(Fact(Fraction(100), ZERO, dims))
        for month in world.calendar.months(period):
            for t in (month.start_at, world.calendar.close(month)):
                for account in active_customers(world, t):
                    then = history(world, account, t, True)
                    dims = {"segment": named(then.get("segment"))}
                    facts.append(Fact(ZERO, Fraction(1, 2), dims, sample=0))
        for name, member, part, _ in book.slices("contact_rate", facts):
            top = sum((f.numerator for f in part), ZERO)
            bottom = sum((f.denominator or ZERO for f in part), ZERO)
            book.put(
                "contact_rate", period, name, member, top, bottom, ratio(top, bottom), int(bottom)
            )


# -- 5.4 balances ---------------------------------------------------------------------------------


def open_tickets(book: Book) -> None:
    world = book.world
    for period in book.periods("backlog"):
        c = world.calendar.close(period)
        counted, ages = [], []
        for ticket in world.rows["ticket"]:
            if ticket["created_at"] >= c:
                continue
            earlier = [e for e in status_events(world, ticket) if e["changed_at"] < c]
            if earlier and earlier[-1]["status"] in DONE:
                continue
            dims = dimensions.service(world, ticket, c, before=True)
            counted.append(Fact(ONE, None, dims))
            ages.append(lasting(world, ticket["created_at"], c, dims, MINUTE, c))
        book.tally("backlog", period, counted)
        book.tally("backlog_age", period, ages, percentiles=True)


def promises(book: Book) -> None:
    """5.4 sla_attainment by due date: met, late, or overdue and still open.

    The clock starts at `applied_at`: a reply before it does not keep the promise.
    """
    world = book.world
    facts = []
    for target in world.rows["sla_target"]:
        ticket = world.tickets[target["ticket_id"]]
        applied, length = target["applied_at"], target["target_minutes"]
        if target.get("in_business_hours"):
            due = business_due(world, ticket, applied, length)
        else:
            due = applied + timedelta(microseconds=int(exact(length) * 60_000_000))
        if due is None or due >= world.as_of:
            continue
        if target["metric"] == "first_response":
            answers = replies(world, ticket)
            done = next((m["sent_at"] for m in answers if m["sent_at"] >= applied), None)
        else:
            done = solves(world, ticket)[-1].at if is_solved(world, ticket) else None
        met = done is not None and done <= due
        dims = dimensions.service(world, ticket, due)
        facts.append(Fact(Fraction(int(met)), ONE, dims, day=world.calendar.day(due)))
    book.dated("sla_attainment", facts)
