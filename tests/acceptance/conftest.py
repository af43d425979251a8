"""Skipping where the third-party data are not, and copies of the project to add sources to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from acceptance_data import DATA, PROJECT

# What is no part of the project: the environment, homes, caches and the history.
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "var", "target", "logs", "__pycache__", ".*_cache", "*.egg-info"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here is an acceptance test, and is skipped where the data are not."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.acceptance)
            if not DATA.is_dir():
                reason = f"third-party data not found at {DATA}: set CRM_ACCEPTANCE_DATA"
                item.add_marker(pytest.mark.skip(reason=reason))


class Night:
    """A copy of the project with one more source, its home, and what the night made of it."""

    def __init__(self, root: Path, source: str, entities: str) -> None:
        self.project = root / "project"
        self.home = root / "home"
        shutil.copytree(PROJECT, self.project, ignore=LEFT_OUT)
        # The three things that adding a source takes: its staging, its expectations, one line.
        added = Path(__file__).parent / "sources" / source
        shutil.copytree(added, self.project, dirs_exist_ok=True)
        settings = self.project / "dbt_project.yml"
        text = settings.read_text(encoding="utf-8")
        mark = "  sources:\n"
        assert text.count(mark) == 1
        settings.write_text(text.replace(mark, f"{mark}    {source}: {entities}\n"), "utf-8")
        self.source = source

    def deliver(self, files: Mapping[str, Path]) -> None:
        """Drop files into landing: table -> file."""
        for table, file in files.items():
            folder = self.home / "landing" / self.source / table
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, folder / file.name)

    def settings(self, text: str) -> None:
        """Write the home's settings.yml."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "settings.yml").write_text(text, encoding="utf-8")

    def refresh(self, as_of: str) -> None:
        """Run the whole job through the command line of the copy; it must publish."""
        run = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", "refresh", "--as-of", as_of],
            cwd=self.project,
            env={
                **os.environ,
                "PYTHONPATH": str(self.project),
                "WAREHOUSE_HOME": str(self.home),
                "NO_COLOR": "1",
            },
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
        assert run.returncode == 0, f"exit {run.returncode}\n{run.stdout}\n{run.stderr}"
        self.output = run.stdout

    def published(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query on the release that readers see."""
        return _rows(self.home / "warehouse.duckdb", query, parameters)

    def staged(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query on the build database."""
        return _rows(self.home / "build.duckdb", query, parameters)

    def total(self, kpi: str, grain: str = "month") -> tuple[Any, Any]:
        """Numerator and denominator of a KPI over all periods of a grain (contract G-12)."""
        [(numerator, denominator)] = self.published(
            "select sum(numerator), sum(denominator) from kpis.kpi_values"
            " where kpi_id = ? and grain = ? and dim_name = 'all'",
            kpi,
            grain,
        )
        return numerator, denominator


def _rows(database: Path, query: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(query, parameters).fetchall()


@pytest.fixture(scope="module")
def project_with(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Night]:
    """Copy the project and add a source to the copy: name, and the entities it provides."""
    return lambda source, entities: Night(tmp_path_factory.mktemp(source), source, entities)
