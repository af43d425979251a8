"""V16 to V18: what stays when time shifts, amounts scale, or rows that do not count arrive."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from oracle.book import Key
from oracle.companies import random_case

from orchestration.home import PROJECT_ROOT

from .warehouse import FIELDS, Dbt, Entities, Published, run_company, same

SHIFT = timedelta(weeks=5)
SCALE = 10
# Without changes of the clocks, so that a week is a week wherever it lies.
ZONE = "UTC"
AMOUNTS = {
    *("amount", "unit_price", "unit_cost", "monthly_value", "discount", "tax", "amount_ex_tax"),
    *("amount_off", "cost", "value"),
}
Rows = dict[Key, Published]


def base_case() -> tuple[Entities, datetime, dict[str, Any]]:
    case = random_case(21, 2)
    entities = {entity: [dict(row) for row in rows] for entity, rows in case.entities.items()}
    for row in entities["business_schedule"]:
        row["time_zone"] = ZONE
    return entities, case.as_of, case.params | {"reporting_timezone": ZONE}


@pytest.fixture(scope="module")
def base(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    entities, as_of, params = base_case()
    return run_company(dbt, tmp_path_factory.mktemp("base") / "home", entities, as_of, params)


def differing(
    want: Rows, have: Rows, agree: Callable[[Key, Published, Published], bool]
) -> list[str]:
    lines = [f"only on one side: {key}" for key in want.keys() ^ have.keys()]
    lines += [
        f"{key}: {want[key]} became {have[key]}"
        for key in want.keys() & have.keys()
        if not agree(key, want[key], have[key])
    ]
    return lines


def equal(_: Key, want: Published, have: Published) -> bool:
    return all(same(getattr(want, field), getattr(have, field)) for field in FIELDS)


def test_v16_whole_weeks_shift_and_nothing_else_changes(
    dbt: Dbt, base: Rows, tmp_path: Path
) -> None:
    """Days and weeks of every KPI, durations in business time among them; months are others."""
    entities, as_of, params = base_case()

    def later(value: Any) -> Any:
        return value + SHIFT if isinstance(value, date | datetime) else value

    shifted = {
        e: [{c: later(v) for c, v in r.items()} for r in rows] for e, rows in entities.items()
    }
    have = run_company(dbt, tmp_path / "home", shifted, as_of + SHIFT, params)

    def weekly(rows: Rows, by: timedelta) -> Rows:
        return {
            key._replace(period_start=key.period_start + by): row
            for key, row in rows.items()
            if key.grain in ("day", "week") and key.dim_name != "cohort_month"
        }

    want = weekly(base, SHIFT)
    assert len(want) > 5_000
    assert any(k.kpi_id == "first_response_time_business" and r.value for k, r in want.items())
    found = differing(want, weekly(have, timedelta(0)), equal)
    assert not found, found[:10]


def test_v17_amounts_scale_and_ratios_stay(dbt: Dbt, base: Rows, tmp_path: Path) -> None:
    entities, as_of, params = base_case()
    scaled = {
        entity: [
            {
                c: v * SCALE if c in AMOUNTS and isinstance(v, Decimal | int) else v
                for c, v in row.items()
            }
            for row in rows
        ]
        for entity, rows in entities.items()
        if entity != "goal"
    }
    have = run_company(dbt, tmp_path / "home", scaled, as_of, params)
    with (PROJECT_ROOT / "seeds" / "kpi_catalog.csv").open(encoding="utf-8") as file:
        units = {row["kpi_id"]: row["unit"] for row in csv.DictReader(file)}

    def scales(key: Key, before: Published, after: Published) -> bool:
        if before.value is None or after.value is None:
            return before.value is after.value
        factor = SCALE if units[key.kpi_id].startswith("currency") else 1
        # Every fact is rounded once, at the fourth place: ten times a rounded amount is another.
        near = max(0.02 if factor > 1 else 2e-3, 2e-3 * abs(before.value * factor))
        if before.denominator is not None and abs(before.denominator) < 1:
            return True  # so little that the rounding is what one sees
        return abs(after.value - before.value * factor) <= near and before[3:] == after[3:]

    def kept(rows: Rows) -> Rows:
        return {k: r for k, r in rows.items() if k.dim_name not in ("amount_band", "goal")}

    found = differing(kept(base), kept(have), scales)
    assert not found, found[:10]


def test_v18_rows_that_do_not_count_change_nothing(dbt: Dbt, base: Rows, tmp_path: Path) -> None:
    entities, as_of, params = base_case()
    noisy = {entity: list(rows) for entity, rows in entities.items()}
    deleted_copies(noisy, entities)
    test_accounts(noisy, entities)
    merged_shells(noisy)
    for entity, rows in entities.items():
        noisy[entity] = [*noisy[entity], *(dict(row) for row in rows[::3])]
    have = run_company(dbt, tmp_path / "home", noisy, as_of, params)
    found = differing(base, have, equal)
    assert not found, found[:10]


def deleted_copies(noisy: Entities, entities: Entities) -> None:
    """A copy of every third lead, opportunity, ticket and response that was deleted again."""
    for entity, key in (
        ("lead", "lead_id"),
        ("opportunity", "opportunity_id"),
        ("ticket", "ticket_id"),
        ("survey_response", "response_id"),
    ):
        for row in entities[entity][::3]:
            noisy[entity].append(row | {key: f"deleted {row[key]}", "is_deleted": True})


def test_accounts(noisy: Entities, entities: Entities) -> None:
    """A test account for every second account, with all that the account has."""
    owned = {
        "subscription": "subscription_id",
        "order": "order_id",
        "invoice": "invoice_id",
        "contract": "contract_id",
        "ticket": "ticket_id",
        "opportunity": "opportunity_id",
    }
    inner = {
        "subscription_version": "subscription_id",
        "order_line": "order_id",
        "invoice_line": "invoice_id",
        "ticket_message": "ticket_id",
        "ticket_status_event": "ticket_id",
        "opportunity_stage_event": "opportunity_id",
    }
    own_key = {"order_line": "line_id", "invoice_line": "line_id", "ticket_message": "message_id"}
    for account in entities["account"][::2]:
        name = account["account_id"]
        noisy["account"].append(
            account | {"account_id": f"test {name}", "is_test": True, "merged_into_id": None}
        )
        copied = set()
        for entity, key in owned.items():
            for row in entities.get(entity, []):
                if row.get("account_id") == name:
                    copied.add((key, row[key]))
                    copy = {"account_id": f"test {name}", key: f"test {row[key]}"}
                    noisy[entity].append(row | copy)
        for entity, key in inner.items():
            for row in entities.get(entity, []):
                if (key, row[key]) in copied:
                    copy = {key: f"test {row[key]}"}
                    if entity in own_key:
                        copy[own_key[entity]] = f"test {row[own_key[entity]]}"
                    noisy[entity].append(row | copy)


# Helpers with a name that pytest would collect.
test_accounts.__test__ = False  # type: ignore[attr-defined]


def merged_shells(noisy: Entities) -> None:
    """Every third account was two records: a chain of two shells, one of which holds its rows."""
    into = {row["account_id"]: row.get("merged_into_id") for row in noisy["account"]}
    for account in [a for a in noisy["account"] if not a.get("is_test")][::3]:
        name = account["account_id"]
        if into[name]:
            continue
        for shell, target in ((f"shell {name}", f"second {name}"), (f"second {name}", name)):
            noisy["account"].append(account | {"account_id": shell, "merged_into_id": target})
        for entity in ("subscription", "order", "invoice", "ticket", "contract"):
            for row in noisy.get(entity, [])[::2]:
                if row.get("account_id") == name:
                    noisy[entity] = [
                        r | {"account_id": f"shell {name}"} if r is row else r
                        for r in noisy[entity]
                    ]
