"""Roles and full-time equivalents from staff assignments (contract 4.C7, 4.D4)."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from .dimensions import assignment, named
from .identity import Row, World
from .money import ZERO, exact
from .periods import ONE_DAY, Period

SALES_ROLES = ("sales_rep", "sdr", "sales_manager")
OUTSIDE_FTE = ("sdr", "sales_manager")


def sales_role(world: World, user: str | None, day: date) -> bool:
    return user is not None and assignment(world, user, day).get("role") in SALES_ROLES


def carries_quota(row: Row) -> bool:
    return bool(row.get("quota_carrying")) and row.get("role") not in OUTSIDE_FTE


def fte_rows(world: World, period: Period) -> list[tuple[Row, Fraction]]:
    """Quota-carrying assignments and their average FTE over the days of a period."""
    found = []
    length = (period.end - period.start).days
    for row in world.rows["staff_assignment"]:
        if not carries_quota(row):
            continue
        last = row.get("valid_to") or date.max - ONE_DAY
        days = (min(last + ONE_DAY, period.end) - max(row["valid_from"], period.start)).days
        if days > 0:
            found.append((row, exact(row.get("fte"), 1) * days / length))
    return found


def quota_carrying_fte(world: World, period: Period) -> Fraction:
    return sum((fte for _, fte in fte_rows(world, period)), ZERO)


def assignment_dims(row: Row) -> dict[str, str]:
    return {"team": named(row.get("team")), "role": named(row.get("role"))}
