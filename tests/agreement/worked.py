"""The contract's worked examples, put together into a few companies that disturb no one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any

import yaml
from oracle.examples import Example, Expected
from oracle.export import write_landing

from orchestration.home import PROJECT_ROOT

from .warehouse import Entities

# Examples of one run clock whose numbers stay what they are beside each other; ids do not collide,
# because every example's ids begin with its name.
TOGETHER = """
    BACKLOG RETENTION-130 PRODUCTIVITY WINS REPEAT CAC ABANDONMENT RENEWAL NPS HANDLING CES OUTREACH
    GOALS-86 CPA PIPELINE TRIALS SLA COGS
    QUARTER BOTS SALESPEOPLE CSAT
    LEDGER RESPONSES STAGES
    LEADS RESOLUTIONS PURCHASES
    GOALS-78 REFERRALS CYCLES
    GOALS-93 FORECAST
    CONTACTS SLIPPED
    UPSELL OWNER-THEN
    PROSPECTS GROWTH
    FORECAST-CLIPPED ANNUAL-INVOICE
    RFM FCR-IMMATURE
    BACKLOG-AGE
    LEADS-IMMATURE
    FCR
    COHORTS
    GROWTH-LIKE-FOR-LIKE
"""
NO_ID = {"kpi_id"}
OTHER_IDS = {"changed_by"}
# Slices whose members are ids.
ID_SLICES = {"owner", "agent", "assignee", "campaign", "product", "survey", "plan", "referrer"}
ID_SLICES |= {"goal", "form"}


@dataclass
class Company:
    """Examples of one run clock and the same parameters that do not disturb each other."""

    examples: list[Example]

    @property
    def entities(self) -> Entities:
        merged: Entities = {}
        for example in self.examples:
            for entity, rows in example.entities.items():
                merged.setdefault(entity, []).extend(rows)
        return merged


def own(example: Example) -> Example:
    """The example with its name in front of every id, so that no two examples share one."""
    name = example.id.lower()

    def named(value: Any) -> Any:
        known = isinstance(value, str) and value not in ("", "unknown")
        return f"{name}-{value}" if known else value

    def is_id(column: str) -> bool:
        return (column.endswith("_id") and column not in NO_ID) or column in OTHER_IDS

    def moved(rows: Iterable[Expected]) -> list[Expected]:
        return [(*row[:4], named(row[4]), *row[5:]) if row[3] in ID_SLICES else row for row in rows]

    return replace(
        example,
        entities={
            entity: [{c: named(v) if is_id(c) else v for c, v in row.items()} for row in rows]
            for entity, rows in example.entities.items()
        },
        expected=moved(example.expected),
        wrong=moved(example.wrong),
        tables={
            table: [{c: named(v) if is_id(c) else v for c, v in row.items()} for row in rows]
            for table, rows in example.tables.items()
        },
    )


def companies(examples: Iterable[Example]) -> list[Company]:
    """All examples, put together as TOGETHER says."""
    by_id = {example.id: example for example in examples}
    groups = [[by_id.pop(name) for name in line.split()] for line in TOGETHER.strip().splitlines()]
    assert not by_id, f"in no company: {sorted(by_id)}"
    for group in groups:
        assert len({example.as_of for example in group}) == 1
        assert all(example.params == group[0].params for example in group)
    return [Company([own(example) for example in group]) for group in groups]


def refresh(home: Path, company: Company) -> Path:
    """The whole job through the command line; the database that it published."""
    first = company.examples[0]
    write_landing(company.entities, home / "landing")
    (home / "settings.yml").write_text(yaml.safe_dump(dict(first.params)), encoding="utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "orchestration.cli", "refresh"),
            *("--as-of", first.as_of.astimezone(UTC).isoformat()),
        ],
        cwd=PROJECT_ROOT,
        env={**os.environ, "WAREHOUSE_HOME": str(home), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    names = [e.id for e in company.examples]
    assert run.returncode == 0, f"{names}: exit {run.returncode}\n{run.stdout}\n{run.stderr}"
    return home / "warehouse.duckdb"
