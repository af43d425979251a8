"""The demo company: what the warehouse makes of its vendors' exports is what it really had."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from oracle.book import Key

from demo.generate import DEFAULT_AS_OF, ZONE, write_exports

from .warehouse import Dbt, Published, broken, load_landing, read, same

SCALE = 0.2
# Names of the truth that are a part of a published row.
PARTS = {
    "nps_promoters": ("nps_promoter_share", "numerator"),
    "nps_passives": ("nps_passive_share", "numerator"),
    "nps_detractors": ("nps_detractor_share", "numerator"),
    "new_customers": ("customer_acquisition_cost", "denominator"),
}
MONEY = 0.005


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


@pytest.mark.timeout(1200)
def test_the_demo_company_has_the_numbers_it_was_made_with(dbt: Dbt, tmp_path: Path) -> None:
    home, truth = tmp_path / "home", tmp_path / "truth"
    write_exports(home / "landing", scale=SCALE, truth=truth)
    load_landing(home, dirty=True)
    as_of = datetime(
        DEFAULT_AS_OF.year, DEFAULT_AS_OF.month, DEFAULT_AS_OF.day, tzinfo=ZONE
    ).astimezone(UTC)
    nodes = dbt.build(home, as_of, {})
    assert not broken(nodes), broken(nodes)
    rows = read(home / "build.duckdb")
    with (truth / "kpi_truth.csv").open(encoding="utf-8") as file:
        known = list(csv.DictReader(file))
    assert len(known) > 1_000
    found = [problem for row in known for problem in wrong(row, rows)]
    assert not found, f"{len(found)} of {len(known)}\n" + "\n".join(found[:30])


def wrong(row: dict[str, str], rows: dict[Key, Published]) -> list[str]:
    """What the warehouse says otherwise than a row of the truth."""
    name, month = row["kpi_id"], date.fromisoformat(row["period_start"])
    sides = ["numerator", "denominator"] if row["denominator"] else ["numerator"]
    if name == "active_customers":
        # those at the close of a month are those at the opening of the next
        name, month, sides = "customer_retention_rate", next_month(month), ["denominator"]
    elif name in PARTS:
        name, side = PARTS[name]
        sides = [side]
    published = rows.get(Key(name, "month", month, "all", "all"))
    wanted = [float(row[side]) for side in ("numerator", "denominator") if row[side]]
    if published is None:
        # before the first event of a KPI, or after the last month, there is no row
        expected_later = month == DEFAULT_AS_OF
        return [] if expected_later or not any(wanted) else [f"{name} {month}: not published"]
    pairs = [(want, getattr(published, side)) for want, side in zip(wanted, sides, strict=True)]
    return [
        f"{row['kpi_id']} {month}: {want}, the warehouse has {have}"
        for want, have in pairs
        if have is None or not (same(want, have) or abs(want - have) <= MONEY)
    ]
