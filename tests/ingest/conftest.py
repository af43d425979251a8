"""A tiny project and home for each test of loading."""

from collections.abc import Callable
from pathlib import Path

import pytest
from shops import SHOP, Shop, write_project

from orchestration.ingest.declaration import read_declarations


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, read_declarations(write_project(tmp_path / "project")))


@pytest.fixture
def make_shop(tmp_path: Path) -> Callable[..., Shop]:
    """A shop with another declaration, in the same home."""

    def make(shop: str = SHOP) -> Shop:
        return Shop(tmp_path, read_declarations(write_project(tmp_path / "project", shop)))

    return make
