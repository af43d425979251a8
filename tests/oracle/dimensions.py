"""Dimension values as they were at an event or a closing instant (contract G-22, G-24)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from .identity import Row, World, holds_at, holds_before
from .lifecycle import first_paid

UNKNOWN = "unknown"
Dims = dict[str, Any]

CUSTOMER = (
    "segment",
    "industry",
    "country",
    "acquisition_channel",
    "owner",
    "team",
    "cohort_month",
)
SUBSCRIPTION = ("product", "plan", "billing_interval", "currency")
SALES = ("owner", "team", "region", "opportunity_type", "lead_source", "segment")
SERVICE = ("channel", "priority", "group", "assignee", "topic", "customer_segment")
SURVEY = ("survey", "channel", "segment", "agent", "team")
WEB = ("device", "channel", "campaign", "country")


def named(value: Any) -> str:
    """The value as text; the unknown member where there is none."""
    return UNKNOWN if value is None or value == "" else str(value)


def history(world: World, account: str | None, t: datetime, before: bool) -> Row:
    """The account's history row in force at t (or just before t), or an empty one."""
    holds = holds_before if before else holds_at
    for row in world.by("account_history", "account_id").get(account, []):
        if holds(row, t):
            return row
    return {}


def assignment(world: World, user: str | None, day: date) -> Row:
    """The staff assignment of a user on a local day, or an empty one."""
    for row in world.by("staff_assignment", "user_id").get(user, []):
        if row["valid_from"] <= day and (row.get("valid_to") is None or day <= row["valid_to"]):
            return row
    return {}


def team(world: World, user: str | None, day: date) -> str:
    return named(assignment(world, user, day).get("team"))


def state_day(world: World, t: datetime, before: bool) -> date:
    """The local day of an instant, or of the state just before it."""
    from .periods import TICK

    return world.calendar.day(t - TICK) if before else world.calendar.day(t)


def cohort_month(world: World, account: str | None) -> str:
    paid = first_paid(world).get(account or "")
    return UNKNOWN if paid is None else world.calendar.day(paid).strftime("%Y-%m")


def customer(world: World, account: str | None, t: datetime, before: bool = False) -> Dims:
    """D-CUST of an account at an event, or (before) at a snapshot instant."""

    def make() -> Dims:
        row = world.accounts.get(account or "", {})
        then = history(world, account, t, before)
        return {
            "segment": named(then.get("segment")),
            "industry": named(row.get("industry")),
            "country": named(row.get("country")),
            "acquisition_channel": named(row.get("acquisition_channel")),
            "owner": named(then.get("owner_id")),
            "team": team(world, then.get("owner_id"), state_day(world, t, before)),
            "cohort_month": cohort_month(world, account),
        }

    return dict(world.memo(("customer dims", account, t, before), make))


def opportunity_owner(world: World, opportunity: Row, t: datetime, before: bool = False) -> Any:
    """The owner in force: of the account's history, else the one on the opportunity."""
    then = history(world, opportunity.get("account_id"), t, before)
    return then.get("owner_id") or opportunity.get("owner_id")


def sales(world: World, opportunity: Row, t: datetime, before: bool = False, **known: Any) -> Dims:
    """D-SALES of an opportunity; `known` may give the owner of a snapshot."""
    then = history(world, opportunity.get("account_id"), t, before)
    owner = known.get("owner", opportunity_owner(world, opportunity, t, before))
    lead = world.leads.get(opportunity.get("lead_id") or "", {})
    return {
        "owner": named(owner),
        "team": team(world, owner, state_day(world, t, before)),
        "region": named(then.get("region")),
        "opportunity_type": named(opportunity.get("type")),
        "lead_source": named(lead.get("source")),
        "segment": named(then.get("segment")),
    }


def service(world: World, ticket: Row, t: datetime, before: bool = False) -> Dims:
    """D-SVC of a ticket."""
    then = history(world, ticket.get("account_id"), t, before)
    return {
        "channel": named(ticket.get("channel")),
        "priority": named(ticket.get("priority")),
        "group": named(ticket.get("group")),
        "assignee": named(ticket.get("assignee_id")),
        "topic": named(ticket.get("topic")),
        "customer_segment": named(then.get("segment")),
    }


def web(event: Row) -> Dims:
    """D-WEB of a web event."""
    return {d: named(event.get(d)) for d in WEB}
