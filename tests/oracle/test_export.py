"""Export files and random companies are what they say they are."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from .calculate import calculate
from .companies import Case, cases, random_case
from .export import as_text, write_landing


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (Decimal("1E+3"), "1000"),
        (date(2025, 3, 1), "2025-03-01"),
        (datetime(2025, 3, 1, 9, tzinfo=UTC), "2025-03-01T09:00:00Z"),
        (datetime(2025, 3, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2025-02-28T23:00:00Z"),
        (datetime(2025, 3, 1, 9, 0, 0, 7, tzinfo=UTC), "2025-03-01T09:00:00.000007Z"),
        ("a,b", "a,b"),
    ],
)
def test_values_are_written_as_the_contract_reads_them(value: object, text: str) -> None:
    assert as_text(value) == text


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without zone"):
        as_text(datetime(2025, 3, 1))


def test_every_row_is_in_the_file_of_its_entity(tmp_path: Path) -> None:
    entities = random_case(1).entities
    write_landing(entities, tmp_path)
    for entity, rows in entities.items():
        with (tmp_path / "contract" / entity / f"{entity}.csv").open(newline="") as file:
            read = list(csv.DictReader(file))
        assert [{c: as_text(r.get(c)) for c in read[0]} for r in rows] == read


def test_the_same_seed_gives_the_same_company() -> None:
    assert random_case(7) == random_case(7)
    assert random_case(7) != random_case(8)


@settings(max_examples=5, deadline=None)
@given(cases())
def test_any_company_can_be_calculated(case: Case) -> None:
    rows = calculate(case.entities, as_of=case.as_of, params=case.params)
    assert any(k.kpi_id == "mrr" for k in rows)
