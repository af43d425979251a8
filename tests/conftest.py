"""Fixtures of the whole suite: a warehouse home of its own for every test, and `--long`."""

from pathlib import Path

import pytest

from orchestration.home import Home


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long",
        action="store_true",
        help="run the suites in their full form: kills, soaks, mutants, fuzzing",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="the long form: run it with --long")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A fresh, empty home; WAREHOUSE_HOME points to it for the length of the test."""
    root = tmp_path / "home"
    root.mkdir()
    monkeypatch.setenv("WAREHOUSE_HOME", str(root))
    return Home(root)
