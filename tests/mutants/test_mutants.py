"""Every mutant is caught, and the unmutated project passes everything that catches one.

What may catch a mutant: the static checks, dbt's unit tests, its data tests (on the numbers of a
random company), and the comparison of that company's numbers with the independent calculation.
Only what changed is built again, on a copy of the unmutated company's database.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from agreement.test_agreement import loaded
from agreement.warehouse import (
    Dbt,
    Published,
    broken,
    deliver,
    differences,
    failed,
    read,
    variables,
)
from oracle.book import Key, Row
from oracle.calculate import calculate
from oracle.companies import random_case
from structure.test_models import forbidden_words

from orchestration.home import PROJECT_ROOT

from .catalogue import MUTANTS, Mutant

FOLDERS = ("models", "macros", "seeds", "tests/data", "analyses")
# A company of both kinds of customers, with feeds that never came.
CASE = random_case(13, 3)
MISSING = {"quota"}
# The defaults, as the unit tests have them.
PARAMS: dict[str, Any] = {}
ENTITIES = loaded({e: rows for e, rows in CASE.entities.items() if e not in MISSING})


@dataclass
class Laboratory:
    """A copy of the project, and the unmutated company's database to build upon."""

    root: Path
    dbt: Dbt
    want: dict[Key, Row]

    @property
    def project(self) -> Path:
        return self.dbt.project

    @property
    def home(self) -> Path:
        return self.root / "home"

    def invoke(self, command: str) -> Any:
        """One dbt command on what differs from the unmutated project."""
        self.dbt.parse()
        return self.dbt.invoke(
            [command, "--select", "state:modified+", "--state", str(self.root / "state")],
            self.home,
            variables(CASE.as_of, PARAMS),
            self.dbt.work / "target",
        )

    def caught(self, mutant: Mutant) -> dict[str, list[str]]:
        """What catches a mutant: static, models (do not build), unit tests, data tests, numbers."""
        originals = {}
        for file, old, new in mutant.changes:
            path = self.project / file
            text = path.read_text(encoding="utf-8")
            originals.setdefault(path, text)
            assert text.count(old) == 1, f"{mutant.name}: {file} has no longer, or twice: {old}"
            path.write_text(text.replace(old, new), encoding="utf-8")
        shutil.copy(self.root / "base.duckdb", self.home / "build.duckdb")
        try:
            return {name: lines for name, lines in self.findings() if lines}
        finally:
            for path, text in originals.items():
                path.write_text(text, encoding="utf-8")

    def findings(self) -> Iterator[tuple[str, list[str]]]:
        yield "static", forbidden_words(self.project)
        run = self.invoke("run")
        nodes = results(run)
        yield "models", broken_nodes(nodes)
        if not broken_nodes(nodes):
            yield "numbers", differences(self.want, read(self.home / "build.duckdb"))
        tests = results(self.invoke("test"))
        bad = [n for n in tests if n.status in ("fail", "error", "runtime error")]
        yield "unit tests", [n.node.name for n in bad if n.node.resource_type == "unit_test"]
        yield "data tests", [n.node.name for n in bad if n.node.resource_type == "test"]


def results(outcome: Any) -> list[Any]:
    assert outcome.result is not None, outcome.exception
    return list(outcome.result.results)


def broken_nodes(nodes: list[Any]) -> list[str]:
    return [n.node.name for n in nodes if str(n.status) in ("error", "runtime error")]


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    root = tmp_path_factory.mktemp("mutants")
    project = root / "project"
    for folder in FOLDERS:
        if (PROJECT_ROOT / folder).exists():
            shutil.copytree(PROJECT_ROOT / folder, project / folder)
    shutil.copy(PROJECT_ROOT / "dbt_project.yml", project)
    dbt = Dbt(root / "dbt", project).parse()
    home = root / "home"
    home.mkdir()
    deliver(home, ENTITIES)
    nodes = dbt.build(home, CASE.as_of, PARAMS, "--exclude", "no_such_model")
    assert not broken(nodes), broken(nodes)
    assert not failed(nodes), failed(nodes)
    shutil.copytree(dbt.work / "parse", root / "state")
    shutil.copy(home / "build.duckdb", root / "base.duckdb")
    want = calculate(ENTITIES, as_of=CASE.as_of, params=PARAMS)
    return Laboratory(root, dbt, want)


TABLE: list[tuple[str, str, dict[str, list[str]]]] = []


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    """Print what caught each mutant, when all have run (shown by pytest -s)."""
    yield
    for bug, name, found in TABLE:
        caught = ", ".join(f"{what} ({len(lines)})" for what, lines in found.items())
        print(f"{bug:5} {name:75} {caught or 'SURVIVED'}")


@pytest.mark.timeout(1800)
def test_the_unmutated_project_is_caught_by_nothing(laboratory: Laboratory) -> None:
    """The tests passed when the company was built; its numbers are right."""
    have: dict[Key, Published] = read(laboratory.root / "base.duckdb")
    assert not differences(laboratory.want, have)
    assert not forbidden_words(laboratory.project)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "mutant",
    [pytest.param(m, marks=() if m.bounded else pytest.mark.long, id=m.name) for m in MUTANTS],
)
def test_a_mutant_is_caught(laboratory: Laboratory, mutant: Mutant) -> None:
    found = laboratory.caught(mutant)
    TABLE.append((mutant.bug, mutant.name, found))
    assert found, f"{mutant.bug}: nothing catches that {mutant.name}"


def test_every_bug_of_the_contract_has_a_mutant() -> None:
    assert {f"B{number:02}" for number in range(1, 16)} <= {mutant.bug for mutant in MUTANTS}
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_every_mutant_changes_what_stands_there_once() -> None:
    for mutant in MUTANTS:
        for file, old, _ in mutant.changes:
            found = (PROJECT_ROOT / file).read_text(encoding="utf-8").count(old)
            assert found == 1, f"{mutant.name}: {file} has {found} times: {old}"
