"""Every KPI of the contract, for every period and slice, from contract-shaped rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from . import acquisition, customers, feedback, goals, revenue, sales, service
from .book import Book, Key, Row
from .identity import World

__all__ = ["Key", "Row", "calculate", "calculate_tables"]

Entities = dict[str, list[dict[str, Any]]]


def calculate(
    entities: Entities, *, as_of: datetime, params: dict[str, Any] | None = None
) -> dict[Key, Row]:
    """All rows of `kpi_values`.

    `entities` maps a contract entity to its typed rows (str, int, Decimal, date, aware datetime,
    bool, None); an entity that is a key counts as loaded, even with no rows. `params` are those of
    contract section 9. Raises MergeCycle if records are merged in a circle.
    """
    book = Book(World(entities, as_of, params or {}))
    for domain in (revenue, customers, acquisition, sales, service, feedback, goals):
        domain.calculate(book)
    return book.rows


def calculate_tables(
    entities: Entities, *, as_of: datetime, params: dict[str, Any] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The two KPIs that are tables of their own: cohort_retention and rfm_segment."""
    world = World(entities, as_of, params or {})
    return {
        "cohort_retention": customers.cohort_retention(world),
        "rfm_segment": customers.rfm_segment(world),
    }
