"""The invented company, small, built once and published: what tools connect to."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from agreement.warehouse import LOADED_AT, Dbt, broken

from demo.generate import write_exports
from orchestration.home import Home, Settings
from orchestration.ingest.load import load
from orchestration.publish import publish

AS_OF = datetime(2025, 12, 31, 23, tzinfo=UTC)
SCALE = 0.05


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder from which `var/warehouse.duckdb` is a release, as the recipes expect."""
    folder = tmp_path_factory.mktemp("connect")
    home = Home(folder / "var")
    write_exports(home.landing, scale=SCALE, truth=folder / "truth")
    load(home, run_id="connect", loaded_at=LOADED_AT, settle_seconds=0)
    faults = broken(Dbt(folder / "dbt").parse().build(home.root, AS_OF, {}))
    assert not faults, "\n".join(faults)
    publish(home, Settings(), run_id="connect", as_of=AS_OF)
    return folder
