"""A night killed at any instant: readers keep their release, the next night is as any other."""

import random
import signal
import subprocess
import time
from pathlib import Path

import duckdb
import pytest
from shop import GOOD, Shop

from orchestration.home import Home
from orchestration.releases import releases, served, verify

AS_OF = "2025-07-01"
CONTENT = """
select
    (select sum(value) from kpis.kpi_values),
    (select count(*) from marts.fct_orders),
    (select sum(rows_loaded) from meta.feed_load where is_current)
"""


def content(shop: Shop) -> tuple:
    with duckdb.connect(str(shop.home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(CONTENT).fetchone()


@pytest.mark.long
def test_nights_killed_at_random_instants_leave_the_next_one_undisturbed(tmp_path: Path) -> None:
    shop = Shop.make(tmp_path)
    shop.deliver(GOOD)
    assert shop.run("refresh", "--as-of", AS_OF).code == 0
    chance = random.Random(1)
    for number in range(2, 14):
        before = content(shop)
        shop.deliver(f"order_id,amount\no-{number}0,10.00\n", f"more_{number}.csv")
        process = subprocess.Popen(
            [*shop.command, "refresh", "--as-of", AS_OF],
            cwd=shop.project,
            env=shop.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(chance.uniform(1.0, 12.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        expected = (before[0] + 10, before[1] + 1, before[2] + 1)
        assert content(shop) in (before, expected)
        night = shop.run("refresh", "--as-of", AS_OF)
        assert night.code == 0, night.out + night.err
        assert content(shop) == expected
        home = Home(shop.home)
        current = served(home)
        assert current is not None
        verify(current)
        assert current == releases(home)[0]
        assert not list(home.releases.glob(".*.partial"))
    shown = shop.run("status", "--json").json
    assert {each["status"] for each in shown["runs"]} <= {"success", "failure", "interrupted"}
