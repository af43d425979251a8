"""Files that already have the contract's names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any


def test_a_feed_covers_dates_or_instants(staged: Callable[[], Any]) -> None:
    home = staged()
    home.csv(
        "contract/feed_load/feed_load.csv",
        {"entity": "ticket", "covers_from": "2025-03-01", "covers_to": "2025-04-01"},
        {"entity": "order", "covers_from": "2025-03-01T00:00:00Z", "covers_to": ""},
    )
    home.stage("contract.stg_contract__feed_loads")
    assert home.rows(
        "select entity, covers_from, covers_to from stg_contract__feed_loads order by 1 desc"
    ) == [
        ("ticket", datetime(2025, 2, 28, 23), datetime(2025, 3, 31, 22)),
        ("order", datetime(2025, 3, 1), None),
    ]
