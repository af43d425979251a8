"""Third-party data, found through CRM_ACCEPTANCE_DATA, and read without the warehouse."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CRM_ACCEPTANCE_DATA") or PROJECT.parent / "shared" / "data")


def dataset(name: str) -> Path:
    """The raw files of a dataset; skip the test where this one is missing."""
    folder = DATA / name / "raw"
    if not folder.is_dir():
        pytest.skip(f"dataset {name} not found at {folder}")
    return folder


def headlines() -> dict[tuple[str, str], str]:
    """(dataset, kpi) -> published value as text."""
    with (DATA / "known_headlines.csv").open(encoding="utf-8", newline="") as stream:
        return {(row["dataset"], row["kpi"]): row["value"] for row in csv.DictReader(stream)}


def records(path: Path) -> list[dict[str, str]]:
    """Records of a CSV file, read without the warehouse."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))
