"""Shared gate runs: starting a gate costs more than a check."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import CLEAN, rounds
from night import Night, Result


@pytest.fixture
def night(tmp_path: Path) -> Night:
    """An empty home."""
    return Night(tmp_path)


@pytest.fixture(scope="session")
def tripped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Results of all cases by case id; each round of cases is one night."""
    found: dict[str, Result] = {}
    for cases in rounds():
        night = Night(tmp_path_factory.mktemp("round"))
        for case in cases:
            night.deliver(case.table, case.rows, "bad.csv")
            for table in case.beside:
                night.deliver(table, CLEAN[table], "good.csv")
        results = {(one.subject, one.check_name): one for one in night.gate()}
        for case in cases:
            found[case.id] = results[case.table, case.check]
    return found


@pytest.fixture(scope="session")
def clean_results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """Results of a night on which every table was delivered and is in order."""
    night = Night(tmp_path_factory.mktemp("clean"))
    for table, rows in CLEAN.items():
        night.deliver(table, rows)
    return night.gate()
