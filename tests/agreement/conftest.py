"""One warm dbt for all tests of the folder."""

from __future__ import annotations

import pytest

from .warehouse import Dbt


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """The project, parsed once."""
    return Dbt(tmp_path_factory.mktemp("dbt")).parse()
