"""The invented company, small, built once: what the explain queries are run on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest
from agreement.warehouse import LOADED_AT, Dbt, broken

from demo.generate import write_exports
from orchestration.home import Home
from orchestration.ingest.load import load

AS_OF = datetime(2025, 12, 31, 23, tzinfo=UTC)
SCALE = 0.1


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    return Dbt(tmp_path_factory.mktemp("explain_dbt")).parse()


@pytest.fixture(scope="session")
def company(
    dbt: Dbt, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("explain_home")
    write_exports(home / "landing", scale=SCALE, truth=home / "truth")
    load(Home(home), run_id="explain", loaded_at=LOADED_AT, settle_seconds=0)
    faults = broken(dbt.build(home, AS_OF, {}))
    assert not faults, "\n".join(faults)
    connection = duckdb.connect(str(home / "build.duckdb"), read_only=True)
    yield connection
    connection.close()
