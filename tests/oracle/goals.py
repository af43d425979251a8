"""SMART goals (contract 4.G1)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .book import Book, Key
from .catalog import ADDITIVE, CATALOG, GRAINS, Spec
from .identity import Row, World
from .money import exact, ratio
from .periods import Period

GOAL_GRAINS = ("day", "week", "month", "quarter", "year", "rolling_12m")
assert set(GOAL_GRAINS) == set(GRAINS.values())


def goal_period(world: World, goal: Row) -> Period | None:
    """The period of the calendar with the goal's dates; a year is a year before it is a window."""
    start, end = goal.get("period_start"), goal.get("period_end")
    if start is None or end is None or start >= end:
        return None
    spec = CATALOG.get(goal.get("kpi_id") or "")
    fits = []
    for grain in GOAL_GRAINS:
        anchor = start
        if grain == "rolling_12m":
            anchor = world.calendar.containing("month", end).start
            anchor = world.calendar.previous(world.calendar.containing("month", anchor)).start
        period = world.calendar.containing(grain, anchor)
        if (period.start, period.end) == (start, end):
            fits.append(period)
    own = [p for p in fits if spec is None or p.grain in spec.grains]
    return next(iter(own or fits), None)


def defects(world: World, goal: Row) -> list[str]:
    """Why a goal is not SMART; empty when it is."""
    found = []
    spec: Spec | None = CATALOG.get(goal.get("kpi_id") or "")
    dim = goal.get("dim_name") or "all"
    if spec is None or (dim != "all" and dim not in spec.dims):
        found.append("specific")
    baseline, target = baseline_of(goal), goal.get("target_value")
    if baseline is None or target is None:
        found.append("measurable")
    owner = world.staff.get(goal.get("owner_id") or "", {})
    attainable = bool(owner.get("is_active"))
    if baseline is not None and target is not None:
        step = exact(target) - exact(baseline)
        better = spec.better if spec else "neutral"
        wrong = (better == "higher" and step < 0) or (better == "lower" and step > 0)
        attainable = attainable and step != 0 and not wrong
    if not attainable:
        found.append("attainable")
    if not (goal.get("objective") or "").strip():
        found.append("relevant")
    start, end = goal.get("period_start"), goal.get("period_end")
    timely = start is not None and end is not None and start < end
    if not timely or goal["set_at"] > world.calendar.midnight(start):
        found.append("time_bound")
    return found


def baseline_of(goal: Row) -> Any:
    """The baseline; 0 for a KPI that adds up, where the goal names none."""
    spec = CATALOG.get(goal.get("kpi_id") or "")
    if goal.get("baseline_value") is None and spec is not None and spec.klass in ADDITIVE:
        return 0
    return goal.get("baseline_value")


def calculate(book: Book) -> None:
    """One row per goal; the actual is the published value of the goal's KPI and period."""
    world = book.world
    for goal in world.rows["goal"]:
        period = goal_period(world, goal)
        if period is None:
            continue
        top = bottom = None
        status = None
        if defects(world, goal):
            status = "not_scored"
        else:
            key = Key(
                goal["kpi_id"],
                period.grain,
                period.start,
                goal.get("dim_name") or "all",
                goal.get("dim_value") or "all",
            )
            actual = book.rows.get(key)
            baseline = exact(baseline_of(goal))
            bottom = exact(goal["target_value"]) - baseline
            if actual is not None and actual.value is not None:
                top = Fraction(actual.value) - baseline
            ready = actual is not None and actual.is_complete and actual.is_mature
            status = "ok" if ready else "provisional"
        book.put(
            "goal_attainment",
            period,
            "goal",
            goal["goal_id"],
            top,
            bottom,
            ratio(top, bottom),
            0 if top is None else 1,
            status=status,
        )
