"""B09: accounts are reassigned, history stays, and `kpi_values_current` is that of today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from oracle.calculate import calculate
from oracle.companies import random_case

from .test_agreement import loaded
from .warehouse import Dbt, Entities, differences, read, run_company, summary

CASE = random_case(21, 2)
MOVED_AT = CASE.as_of - timedelta(days=40)
LONG_AGO = datetime(1990, 1, 1, tzinfo=UTC)
# Made by who had a sales role then, which a company without a past does not know.
BY_ROLE = {"sales_team_referral_share"}


def company() -> Entities:
    """A company whose accounts have an owner wherever they have a history."""
    entities = {entity: [dict(row) for row in rows] for entity, rows in CASE.entities.items()}
    for row in entities["account_history"]:
        row["owner_id"] = row["owner_id"] or "rep1"
    return entities


def in_force(row: dict[str, Any], t: datetime = CASE.as_of) -> bool:
    return row["valid_from"] < t and (row["valid_to"] is None or t <= row["valid_to"])


def reassigned(entities: Entities) -> Entities:
    """The company after every second account got another owner and segment, at MOVED_AT.

    Accounts without a history begin one then.
    """
    history = [dict(row) for row in entities["account_history"]]
    new = {"owner_id": "rep2", "segment": "moved", "region": "east", "valid_from": MOVED_AT}
    for number, account in enumerate(entities["account"]):
        name = account["account_id"]
        rows = [row for row in history if row["account_id"] == name]
        now = next((row for row in rows if in_force(row, MOVED_AT)), None)
        if now and number % 2:
            history.append(now | new)
            now["valid_to"] = MOVED_AT
        elif not rows:
            history.append(new | {"account_id": name, "valid_to": None})
    return entities | {"account_history": history}


def without_a_past(entities: Entities) -> Entities:
    """The company, had its accounts and teams always been what they are today."""
    today = CASE.as_of.astimezone(ZoneInfo("Europe/Berlin")).date()
    always = {"valid_from": LONG_AGO, "valid_to": None}
    return entities | {
        "account_history": [r | always for r in entities["account_history"] if in_force(r)],
        "staff_assignment": [
            r | {"valid_from": LONG_AGO.date(), "valid_to": None}
            for r in entities["staff_assignment"]
            if r["valid_from"] <= today and (r["valid_to"] is None or today <= r["valid_to"])
        ],
    }


def test_a_reassignment_changes_the_current_values_and_no_history(dbt: Dbt, tmp_path: Path) -> None:
    before = company()
    after = reassigned(before)
    as_of, params = CASE.as_of, CASE.params
    rows = run_company(dbt, tmp_path / "home", after, as_of, params)

    # Whatever was over when the accounts moved is as if they never had.
    moved_on = MOVED_AT.date()
    history = calculate(loaded(before), as_of=as_of, params=params)
    with duckdb.connect(str(tmp_path / "home" / "build.duckdb"), read_only=True) as connection:
        over = set(
            connection.execute(
                "select grain, period_start from marts.dim_periods where period_end <= ?",
                [moved_on],
            ).fetchall()
        )
    closed = {k: r for k, r in history.items() if (k.grain, k.period_start) in over}
    assert len(closed) > 5_000
    found = differences(closed, {k: r for k, r in rows.items() if k in closed})
    assert not found, summary(found)

    current = read(tmp_path / "home" / "build.duckdb", "kpi_values_current")
    twins = {(k.kpi_id, k.dim_name) for k in current if k.kpi_id not in BY_ROLE}
    expected = {
        (k.kpi_id, k.dim_name)
        for k in rows
        if k.dim_name in ("segment", "customer_segment", "region")
        and k.kpi_id not in BY_ROLE | {"transfer_mrr"}
    }
    assert expected <= twins
    today = calculate(loaded(without_a_past(after)), as_of=as_of, params=params)
    found = differences(
        {k: r for k, r in today.items() if (k.kpi_id, k.dim_name) in twins},
        {k: r for k, r in current.items() if (k.kpi_id, k.dim_name) in twins},
    )
    assert not found, summary(found)
    assert any(key.dim_value == "moved" and key in current for key in today if key not in rows)
