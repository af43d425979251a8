"""Voice of the customer (contract 4.F, 5.4 survey_response_rate)."""

from __future__ import annotations

import math
from datetime import datetime
from fractions import Fraction
from typing import Any

from . import dimensions
from .book import ALL, Book, Fact
from .dimensions import UNKNOWN, history, named, team
from .identity import Row, World
from .money import ZERO, exact, ratio
from .periods import Period
from .service import last_solve_before, replies

ONE = Fraction(1)
NPS_SCALE = (0, 10)
CES_SCALE = (1, 7)
SATISFIED = {2: 2, 3: 3, 4: 3, 5: 4, 7: 6, 10: 9}


def calculate(book: Book) -> None:
    promoters(book)
    satisfaction(book)
    effort(book)
    repetition(book)
    solved_at_first(book)
    response_rate(book)


# -- responses ------------------------------------------------------------------------------------


def scale(response: Row) -> tuple[int, int]:
    default = {"nps": NPS_SCALE, "ces": CES_SCALE}.get(response["kind"], (1, 5))
    low, high = response.get("scale_min"), response.get("scale_max")
    return (
        default[0] if low is None else int(low),
        default[1] if high is None else int(high),
    )


def has_score(response: Row) -> bool:
    return response.get("score") is not None


def is_valid(response: Row) -> bool:
    """A whole number inside the survey's scale."""
    if not has_score(response):
        return False
    score, (low, high) = exact(response["score"]), scale(response)
    return score.denominator == 1 and low <= score <= high


def ticket_of(world: World, response: Row) -> Row:
    return world.tickets.get(response.get("ticket_id") or "", {})


def survey_dims(world: World, response: Row) -> dict[str, Any]:
    """D-SURV; the agent is who solved the ticket before the response."""
    at: datetime = response["responded_at"]
    ticket = ticket_of(world, response)
    account = response.get("account_id") or ticket.get("account_id")
    solve = last_solve_before(world, ticket, at) if ticket else None
    agent = solve.by if solve else None
    return {
        "survey": named(response.get("survey_id")),
        "channel": named(ticket.get("channel")),
        "segment": named(history(world, account, at, False).get("segment")),
        "agent": named(agent),
        "team": team(world, agent, world.calendar.day(at)),
    }


def respondent(response: Row) -> str:
    who = response.get("respondent_id")
    return f"person {who}" if who else f"response {response['response_id']}"


def asked_about(response: Row) -> str:
    """The key of CSAT and CES: the ticket, else the respondent."""
    ticket = response.get("ticket_id")
    return f"ticket {ticket}" if ticket else respondent(response)


def latest(responses: list[Row], key: Any) -> list[Row]:
    """The latest response of every key."""
    kept: dict[str, Row] = {}
    for row in sorted(responses, key=lambda r: (r["responded_at"], r["response_id"])):
        kept[key(row)] = row
    return list(kept.values())


def of_kind(world: World, kind: str, period: Period) -> list[Row]:
    return [
        r
        for r in world.rows["survey_response"]
        if r["kind"] == kind and period.has(r["responded_at"])
    ]


def groups(
    book: Book, kpi_id: str, responses: list[Row], dims: Any
) -> list[tuple[str, str, list[Row]]]:
    """Undivided and every slice with the responses in it."""
    facts = []
    rows: dict[int, Row] = {}
    for row in responses:
        fact = Fact(dims=dims(row))
        rows[id(fact)] = row
        facts.append(fact)
    return [
        (name, member, [rows[id(f)] for f in part])
        for name, member, part, _ in book.slices(kpi_id, facts)
    ]


def rejected(responses: list[Row]) -> int:
    return sum(1 for r in responses if has_score(r) and not is_valid(r))


# -- 4.F1 -----------------------------------------------------------------------------------------


def promoters(book: Book) -> None:
    world = book.world
    for period in book.periods("net_promoter_score"):
        rows = [r for r in of_kind(world, "nps", period) if scale(r) == NPS_SCALE and has_score(r)]
        for name, member, part in groups(
            book, "net_promoter_score", rows, lambda r: survey_dims(world, r)
        ):
            kept = latest([r for r in part if is_valid(r)], respondent)
            if not kept and name != ALL:
                continue
            n = len(kept)
            p = sum(1 for r in kept if r["score"] >= 9)
            d = sum(1 for r in kept if r["score"] <= 6)
            bad = rejected(part)
            for kpi_id, top, factor in (
                ("net_promoter_score", p - d, 100),
                ("nps_promoter_share", p, 1),
                ("nps_passive_share", n - p - d, 1),
                ("nps_detractor_share", d, 1),
            ):
                value = Fraction(factor * top, n) if n else None
                book.put(*(kpi_id, period, name, member, Fraction(top), Fraction(n), value, n, bad))
            # 1.96 standard deviations of a response over the root of their number
            above, below, margin = ZERO, ZERO, None
            if n:
                spread = Fraction(p + d, n) - Fraction(p - d, n) ** 2
                above, below = Fraction(196 * math.sqrt(spread)), Fraction(math.sqrt(n))
                margin = 196 * math.sqrt(spread / n)
            book.put("nps_margin_of_error", period, name, member, above, below, margin, n)


# -- 4.F2 -----------------------------------------------------------------------------------------


def points(response: Row) -> int:
    low, high = scale(response)
    return high - low + 1


def satisfied(response: Row) -> bool:
    """Judged on the response's own scale; a scale from 0 is read as one from 1."""
    step = exact(response["score"]) - scale(response)[0] + 1
    return step >= SATISFIED[points(response)]


def satisfaction(book: Book) -> None:
    world = book.world

    def dims(response: Row) -> dict[str, Any]:
        return survey_dims(world, response)

    def with_scale(response: Row) -> dict[str, Any]:
        low, high = scale(response)
        return dims(response) | {"scale": f"{low}-{high}"}

    for period in book.periods("customer_satisfaction_score"):
        rows = [r for r in of_kind(world, "csat", period) if has_score(r)]
        for name, member, part in groups(book, "customer_satisfaction_score", rows, dims):
            good = [r for r in part if is_valid(r) and points(r) in SATISFIED]
            kept = latest(good, asked_about)
            if not kept and name != ALL:
                continue
            top, n = Fraction(sum(1 for r in kept if satisfied(r))), len(kept)
            book.put(
                "customer_satisfaction_score",
                period,
                name,
                member,
                top,
                Fraction(n),
                ratio(top, Fraction(n)),
                n,
                len(part) - len(good),
            )
        for name, member, part in groups(book, "csat_mean", rows, with_scale):
            good = [r for r in part if is_valid(r) and points(r) in SATISFIED]
            kept = latest(good, asked_about)
            if not kept and name != ALL:
                continue
            total: Fraction | None = sum((exact(r["score"]) for r in kept), ZERO)
            count: Fraction | None = Fraction(len(kept))
            if len({scale(r) for r in good}) > 1:
                total = count = None
            book.put(
                "csat_mean",
                period,
                name,
                member,
                total,
                count,
                ratio(total, count),
                len(kept),
                len(part) - len(good),
            )


# -- 4.F3 -----------------------------------------------------------------------------------------


def effort(book: Book) -> None:
    """Only the 7-point agreement scale; other scales appear in the slice of their own survey."""
    world = book.world
    for kpi_id in ("customer_effort_score", "ces_easy_rate"):
        for period in book.periods(kpi_id):
            rows = [r for r in of_kind(world, "ces", period) if has_score(r)]
            current = [r for r in rows if scale(r) == CES_SCALE]
            legacy = [r for r in rows if scale(r) != CES_SCALE]
            found = groups(book, kpi_id, current, lambda r: survey_dims(world, r))
            known = {r.get("survey_id") for r in current}
            if kpi_id == "customer_effort_score":
                for name, member, part in groups(
                    book,
                    kpi_id,
                    [r for r in legacy if r.get("survey_id") not in known],
                    lambda r: {"survey": named(r.get("survey_id"))},
                ):
                    if name != ALL and len({scale(r) for r in part}) == 1:
                        found.append((name, member, part))
            for name, member, part in found:
                kept = latest([r for r in part if is_valid(r)], asked_about)
                if not kept and name != ALL:
                    continue
                if kpi_id == "ces_easy_rate":
                    top = Fraction(sum(1 for r in kept if r["score"] >= 5))
                else:
                    top = sum((exact(r["score"]) for r in kept), ZERO)
                n = len(kept)
                book.put(
                    kpi_id,
                    period,
                    name,
                    member,
                    top,
                    Fraction(n),
                    ratio(top, Fraction(n)),
                    n,
                    rejected(part),
                )


# -- 4.F4 -----------------------------------------------------------------------------------------


def repetition(book: Book) -> None:
    world = book.world

    def dims(response: Row) -> dict[str, Any]:
        ticket = ticket_of(world, response)
        about = {**ticket, "account_id": response.get("account_id") or ticket.get("account_id")}
        found = dimensions.service(world, about, response["responded_at"])
        count = UNKNOWN
        if ticket:
            count = str(len({m.get("author_id") for m in replies(world, ticket)}))
        return found | {"agents_involved": count}

    for period in book.periods("repeat_information_rate"):
        rows = [
            r
            for r in world.rows["survey_response"]
            if period.has(r["responded_at"]) and r.get("had_to_repeat") is not None
        ]
        for name, member, part in groups(book, "repeat_information_rate", rows, dims):
            kept = latest(part, respondent)
            top, n = Fraction(sum(1 for r in kept if r["had_to_repeat"])), len(kept)
            book.put(
                "repeat_information_rate",
                period,
                name,
                member,
                top,
                Fraction(n),
                ratio(top, Fraction(n)),
                n,
            )


# -- 4.E4 -----------------------------------------------------------------------------------------


def solved_at_first(book: Book) -> None:
    """fcr_survey: "was your issue resolved on first contact?", asked as a survey of kind `fcr`.

    The top of the scale is a yes. The contract's vocabulary has no such kind yet, so that this has
    no responses until a survey asks.
    """
    world = book.world
    for period in book.periods("fcr_survey"):
        rows = [r for r in of_kind(world, "fcr", period) if has_score(r)]
        for name, member, part in groups(book, "fcr_survey", rows, lambda r: survey_dims(world, r)):
            kept = latest([r for r in part if is_valid(r)], asked_about)
            if not kept and name != ALL:
                continue
            top, n = Fraction(sum(1 for r in kept if r["score"] == scale(r)[1])), len(kept)
            value = ratio(top, Fraction(n))
            book.put("fcr_survey", period, name, member, top, Fraction(n), value, n, rejected(part))


# -- 5.4 ------------------------------------------------------------------------------------------


def response_rate(book: Book) -> None:
    """Invitations with a valid response over invitations sent, by the day of the invitation."""
    world = book.world
    answered = {r.get("invitation_id") for r in world.rows["survey_response"] if is_valid(r)}
    facts = [
        Fact(
            Fraction(int(i["invitation_id"] in answered)),
            ONE,
            {"survey": named(i.get("survey_id"))},
            day=world.calendar.day(i["sent_at"]),
        )
        for i in world.rows["survey_invitation"]
    ]
    book.dated("survey_response_rate", facts)
