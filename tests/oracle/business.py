"""Business minutes of a schedule (contract 4.E), built day by day from local opening times."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from .identity import Row, World
from .money import exact

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)


def clock(day: date, text: Any, zone: ZoneInfo) -> datetime:
    """The instant of a local wall-clock time; 24:00 is the next midnight."""
    shown = text.strftime("%H:%M") if isinstance(text, time) else str(text)
    hours, minutes = (int(p) for p in shown.split(":")[:2])
    wall = datetime(day.year, day.month, day.day) + timedelta(hours=hours, minutes=minutes)
    return wall.replace(tzinfo=zone).astimezone(UTC)


def rules(world: World, schedule: str | None, created: datetime) -> list[Row]:
    """The opening rules of a schedule that are in force when the ticket is created."""
    found = []
    for row in world.by("business_schedule", "schedule_id").get(schedule, []):
        day = created.astimezone(ZoneInfo(row["time_zone"])).date()
        if (row.get("valid_from") or date.min) <= day < (row.get("valid_to") or date.max):
            found.append(row)
    return found


def openings(world: World, ticket: Row, day: date) -> list[tuple[datetime, datetime]]:
    """The opening intervals of a ticket's schedule on one local day, as instants."""
    schedule = ticket.get("schedule_id")
    if schedule is None:
        return []
    closed = {
        h["holiday_date"] for h in world.by("schedule_holiday", "schedule_id").get(schedule, [])
    }
    if day in closed:
        return []
    found = []
    for row in rules(world, schedule, ticket["created_at"]):
        if int(row["weekday"]) == day.isoweekday():
            zone = ZoneInfo(row["time_zone"])
            start, end = clock(day, row["opens"], zone), clock(day, row["closes"], zone)
            if start < end:
                found.append((start, end))
    return merged(found)


def merged(intervals: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The union of intervals, so that no minute counts twice."""
    result: list[tuple[datetime, datetime]] = []
    for start, end in sorted(intervals):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def has_schedule(world: World, ticket: Row) -> bool:
    return bool(rules(world, ticket.get("schedule_id"), ticket["created_at"]))


def minutes(span: timedelta) -> Fraction:
    """Elapsed minutes, exactly."""
    return Fraction(span // TICK, MINUTE // TICK)


def business_minutes(world: World, ticket: Row, start: datetime, end: datetime) -> Fraction | None:
    """Overlap of `[start, end)` with the opening intervals; negative spans stay negative."""
    if not has_schedule(world, ticket):
        return None
    if end < start:
        return minutes(end - start)
    total = timedelta(0)
    day = start.date() - timedelta(days=2)
    while day <= end.date() + timedelta(days=2):
        for opens, closes in openings(world, ticket, day):
            total += max(min(end, closes) - max(start, opens), timedelta(0))
        day += timedelta(days=1)
    return minutes(total)


def business_due(world: World, ticket: Row, start: datetime, target: Any) -> datetime | None:
    """The instant at which a number of business minutes has passed since `start`."""
    if not has_schedule(world, ticket):
        return None
    left = timedelta(microseconds=int(exact(target) * (MINUTE // TICK)))
    day = start.date() - timedelta(days=2)
    for _ in range(3660):
        for opens, closes in openings(world, ticket, day):
            here = max(closes - max(start, opens), timedelta(0))
            if here and here >= left:
                return max(start, opens) + left
            left -= here
        day += timedelta(days=1)
    return None
