"""V15: the same landing and run clock give the same bytes, wherever and however they are run."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from oracle.companies import random_case
from oracle.export import write_landing

from .warehouse import Entities

TESTS = Path(__file__).parents[1]
CASE = random_case(7, 2)
NIGHTS = 3


def digest(database: Path, copy: Path) -> str:
    """sha256 of kpi_values written as CSV in the order of its key."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute(
            "copy (select * from kpis.kpi_values order by kpi_id, grain, period_start, dim_name,"
            f" dim_value) to '{copy}' (header)"
        )
    return hashlib.sha256(copy.read_bytes()).hexdigest()


def build(root: Path, entities: Entities, zone: str, threads: int, nights: list[Entities]) -> str:
    """Deliver over some nights, build once in a process of its own in a time zone; the digest."""
    home = root / "home"
    home.mkdir(parents=True)
    env = {**os.environ, "TZ": zone, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"}
    for number, night in enumerate(nights or [entities]):
        write_night(home / "landing", night, number)
        last = number == max(len(nights) - 1, 0)
        run = subprocess.run(
            [
                *(sys.executable, "-m", "agreement.one_run", str(home), f"night{number}"),
                *(CASE.as_of.astimezone(UTC).isoformat(), str(threads if last else 0)),
                str(int(CASE.params["activity_window_days"])),
            ],
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
    return digest(home / "build.duckdb", root / "kpi_values.csv")


def write_night(landing: Path, night: Entities, number: int) -> None:
    """Files of one night, with the night in their names."""
    for path in write_landing(night, landing):
        path.rename(path.with_stem(f"{path.stem}_{number}"))


def shuffled_nights(seed: int) -> list[Entities]:
    """Every row in one of three nights in any order, and a third of them a second time."""
    random = Random(seed)
    nights: list[Entities] = [{} for _ in range(NIGHTS)]
    for entity in random.sample(sorted(CASE.entities), len(CASE.entities)):
        rows: list[dict[str, Any]] = CASE.entities[entity]
        for row in random.sample(rows, len(rows)):
            for night in {random.randrange(NIGHTS), random.choice([0, 1, 2, None, None, None])}:
                if night is not None:
                    nights[night].setdefault(entity, []).append(row)
    return [night for night in nights if night]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> str:
    return build(tmp_path_factory.mktemp("utc"), CASE.entities, "UTC", 1, [])


BOUNDED = [("America/New_York", 8, None), ("Asia/Tokyo", 4, 1)]
REST = [("Asia/Tokyo", 1, None), ("Europe/Berlin", 8, 2), ("UTC", 8, None), ("UTC", 2, 3)]
RUNS = [pytest.param(*run) for run in BOUNDED] + [
    pytest.param(*run, marks=pytest.mark.long) for run in REST
]


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("zone", "threads", "order"), RUNS)
def test_the_same_bytes(
    reference: str, tmp_path: Path, zone: str, threads: int, order: int | None
) -> None:
    nights = [] if order is None else shuffled_nights(order)
    assert build(tmp_path, CASE.entities, zone, threads, nights) == reference


def test_the_company_says_something(tmp_path: Path) -> None:
    """The comparison is of a real company: rows that change with its data."""
    assert len(CASE.entities["subscription"]) > 5
    assert CASE.as_of < datetime(2030, 1, 1, tzinfo=UTC)
    write_night(tmp_path, CASE.entities, 0)
    files = list(tmp_path.rglob("*.csv"))
    assert len(files) > 30
    with files[0].open(encoding="utf-8") as file:
        assert list(csv.reader(file))[1:]
