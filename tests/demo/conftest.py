"""One invented company for all tests of the generator, and a database of views over its exports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from demo.generate import write_exports

SCALE = 1


class Company(NamedTuple):
    """Where a company was written, and the records per file."""

    landing: Path
    truth: Path
    files: dict[str, int]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    home = tmp_path_factory.mktemp("company")
    landing, truth = home / "landing", home / "truth"
    return Company(landing, truth, write_exports(landing, scale=SCALE, truth=truth))


@pytest.fixture(scope="session")
def db(company: Company) -> Iterator[duckdb.DuckDBPyConnection]:
    """`<source>.<table>` holds the records of every export as written, duplicates included."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for source in ("salesforce", "stripe", "zendesk", "contract"):
        connection.execute(f"create schema {source}")
        for folder in sorted((company.landing / source).iterdir()):
            records = _records(source, folder)
            connection.execute(f'create table {source}."{folder.name}" as {records}')
    connection.execute(
        f"create table truth as from read_csv('{company.truth}/kpi_truth.csv', types={{"
        "'numerator': 'decimal(24,6)', 'denominator': 'decimal(24,6)'})"
    )
    yield connection
    connection.close()


def _records(source: str, folder: Path) -> str:
    if source in ("salesforce", "contract"):
        if next(folder.iterdir()).suffix == ".parquet":
            return f"from read_parquet('{folder}/*')"
        return f"from read_csv('{folder}/*', all_varchar = true, union_by_name = true)"
    options = "union_by_name = true, sample_size = -1, maximum_object_size = 100000000"
    if source == "stripe" and next(folder.iterdir()).suffix == ".jsonl":
        return f"from read_json('{folder}/*', {options})"
    array = "data" if source == "stripe" else folder.name
    return f"select r.* from (select unnest({array}) as r from read_json('{folder}/*', {options}))"
