"""The invented company, small, built once and published: what tools connect to."""

import filecmp
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from agreement.warehouse import LOADED_AT, Dbt, broken

from demo.generate import write_exports
from orchestration.home import PROJECT_ROOT, Home, Settings
from orchestration.ingest.load import load
from orchestration.publish import publish

AS_OF = datetime(2025, 12, 31, 23, tzinfo=UTC)
SCALE = 0.05
CLIENTS = Path(__file__).parent / "clients"


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder from which `var/warehouse.duckdb` is a release, as the recipes expect."""
    folder = tmp_path_factory.mktemp("connect")
    home = Home(folder / "var")
    write_exports(home.landing, scale=SCALE, truth=folder / "truth")
    load(home, run_id="connect", loaded_at=LOADED_AT, settle_seconds=0)
    faults = broken(Dbt(folder / "dbt").parse().build(home.root, AS_OF, {}))
    assert not faults, "\n".join(faults)
    # Keys and column lineage come from the manifest of the build, where a night leaves it.
    (home.dbt / "target").mkdir(parents=True)
    shutil.copy(folder / "dbt" / "target" / "manifest.json", home.dbt / "target")
    publish(home, Settings(), run_id="connect", as_of=AS_OF)
    return folder


@pytest.fixture(scope="session")
def clients() -> Mapping[str, str]:
    """The process environment in which everything that docs/connect.md tells to install is there.

    `warehouse` and `python` are this project's; CLIENT_PYTHON is the one with the libraries. The
    environment is kept beside its lock; a changed lock makes it anew (seconds).
    """
    venv, lock = CLIENTS / ".venv", CLIENTS / "requirements.lock"
    done = venv / "installed.lock"
    if not (done.exists() and filecmp.cmp(lock, done, shallow=False)):
        uv = Path(sys.executable).with_name("uv")
        python = venv / "bin" / "python"
        for command in (
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, venv],
            [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock],
        ):
            subprocess.run(command, check=True, timeout=600)
        shutil.copyfile(lock, done)
    own = Path(sys.executable).parent
    return os.environ | {
        "PATH": os.pathsep.join([str(own), str(venv / "bin"), os.environ["PATH"]]),
        "CLIENT_PYTHON": str(venv / "bin" / "python"),
        "PYTHONPATH": str(PROJECT_ROOT),
    }


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DuckDB's library for Node, as locked."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node is not installed (version 20 or later, with npm)")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(CLIENTS / name, folder)
    subprocess.run([npm, "ci", "--silent", "--no-audit"], cwd=folder, check=True, timeout=300)
    return folder / "node_modules"


@pytest.fixture
def desk(warehouse: Path, tmp_path: Path) -> Path:
    """A folder like that of a person who follows the recipes."""
    (tmp_path / "var").symlink_to(warehouse / "var")
    (tmp_path / "analyses").symlink_to(PROJECT_ROOT / "analyses")
    return tmp_path
