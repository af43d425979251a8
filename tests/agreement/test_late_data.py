"""Late and repeated data: however deliveries are spread over nights, the numbers are the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from oracle.calculate import calculate
from oracle.companies import random_case
from oracle.export import write_landing

from orchestration.home import PROJECT_ROOT, Home
from orchestration.ingest.declaration import Table, read_declarations
from orchestration.ingest.load import load

from .warehouse import LOADED_AT, Dbt, Entities, broken, differences, failed, read, summary

TABLES = {table.name: table for table in read_declarations(PROJECT_ROOT).source("contract").tables}
STALE, TRUE = datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 6, 1, tzinfo=UTC)
Row = dict[str, Any]
# A night: files by name, each with the rows of one entity.
Night = dict[str, tuple[str, list[Row]]]


def stale(row: Row, rows: list[Row], table: Table, random: Random) -> Row:
    """An earlier version of a record: some of its values are those of another."""
    other = random.choice(rows)
    kept = set(table.primary_key)
    return {
        column: other.get(column) if column not in kept and random.random() < 0.4 else value
        for column, value in row.items()
    } | {"source_updated_at": STALE}


def spread(entities: Entities, random: Random) -> list[Night]:
    """Every row in some nights, in any order and with repetitions, among versions that are out of
    date; of tables without a key also files that a later one of the same name corrects."""
    nights: list[Night] = [{} for _ in range(random.randint(2, 5))]
    for entity, rows in entities.items():
        table = TABLES[entity]
        versioned = table.primary_key and any(c.name == "source_updated_at" for c in table.columns)
        parts: list[list[Row]] = [[] for _ in nights]
        for row in random.sample(rows, len(rows)):
            copies = 1 + (random.random() < 0.3) + (random.random() < 0.1)
            record = row
            if versioned and random.random() < 0.2:
                record = row | {"source_updated_at": TRUE}
                random.choice(parts).append(stale(row, rows, table, random))
            for _ in range(copies):
                random.choice(parts).append(record)
        for number, part in enumerate(parts):
            random.shuffle(part)
            if not part:
                continue
            name = f"{entity}_{number}"
            if not table.primary_key and number and random.random() < 0.5:
                # First a file that lacks rows and has wrong ones, later the right one.
                wrong = [stale(row, rows, table, random) for row in part[: len(part) // 2 + 1]]
                nights[random.randrange(number)][name] = (entity, wrong)
            nights[number][name] = (entity, part)
    return nights


def deliver(home: Path, nights: list[Night]) -> None:
    """Load night after night; what was delivered before stays in landing."""
    home.mkdir()
    for number, night in enumerate(nights):
        for name, (entity, rows) in night.items():
            (path,) = write_landing({entity: rows}, home / "landing")
            path.rename(path.with_stem(name))
        report = load(
            Home(home),
            run_id=f"night{number}",
            loaded_at=LOADED_AT + timedelta(days=number),
            settle_seconds=0,
        )
        assert not report.skipped
        assert not [file for file in report.files if file.rows_rejected], number


SEEDS = [pytest.param(1), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 12))]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", SEEDS)
def test_any_partition_of_the_deliveries_into_nights_gives_the_same_numbers(
    dbt: Dbt, tmp_path: Path, seed: int
) -> None:
    case = random_case(40 + seed, 1)
    entities = {entity: rows for entity, rows in case.entities.items() if rows}
    deliver(tmp_path / "home", spread(entities, Random(seed)))
    nodes = dbt.build(tmp_path / "home", case.as_of, case.params)
    assert not broken(nodes), broken(nodes)
    want = calculate(entities, as_of=case.as_of, params=case.params)
    found = differences(want, read(tmp_path / "home" / "build.duckdb"))
    assert not found, summary(found)


def test_a_spread_has_repetitions_and_versions_out_of_date() -> None:
    case = random_case(41, 1)
    nights = spread({e: rows for e, rows in case.entities.items() if rows}, Random(1))
    rows = [(e, row) for night in nights for e, part in night.values() for row in part]
    assert len(rows) > 1.2 * sum(map(len, case.entities.values()))
    assert any(row.get("source_updated_at") == STALE for _, row in rows)
    names = [name for night in nights for name in night]
    assert len(names) > len(set(names)), "a corrected file"


def test_keys_that_clash_between_sources_stop_the_night(dbt: Dbt, tmp_path: Path) -> None:
    """Two sources that provide one entity must not both have a record of one key."""
    landing = tmp_path / "landing"
    write_landing({"account": [{"account_id": "0015g00000ABCDEAA4"}]}, landing)
    file = landing / "salesforce" / "Account" / "a.csv"
    file.parent.mkdir(parents=True)
    file.write_text("Id,Name,CreatedDate\n0015g00000ABCDEAA4,x,2025-01-01T00:00:00.000+0000\n")
    load(Home(tmp_path), run_id="clash", loaded_at=LOADED_AT, settle_seconds=0)
    select = ("--select", "+int_account_keys", "--exclude-resource-type", "unit_test")
    nodes = dbt.build(tmp_path, datetime(2025, 7, 1, tzinfo=UTC), {}, *select)
    assert [line.partition(":")[0] for line in failed(nodes)] == [
        "unique_int_account_keys_account_id"
    ]
