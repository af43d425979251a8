"""A night killed at any instant: readers keep their release, the next night is as any other."""

import json
import os
import random
import shutil
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from nights import STEPS, Nights, nights
from shop import GOOD, Shop

from orchestration.home import Home
from orchestration.lock import holder
from orchestration.releases import INSTANT, journal, releases, served_fault, served_id, verify

AS_OF = "2025-07-01"
# What belongs to a run and not to the data.
OWN = {"run_id", "loaded_at", "_loaded_at", "noted_at", "checked_at", "published_at", "finished_at"}
# Steps of a few milliseconds that a random instant hardly ever meets.
SHORT = [each for each in STEPS.values() if each not in ("gate 1", "dbt build", "dbt parse")]


def rows(database: Path, tables: str, keep: frozenset[str] = frozenset()) -> dict[str, list[tuple]]:
    """All rows of the tables of some schemas, without what belongs to the run."""
    found = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables()"
            f" where schema_name in ({tables}) order by 1"
        ).fetchall()
        for (name,) in names:
            described = connection.execute(f"from {name} limit 0").description
            own = ", ".join((OWN - keep) & {each[0] for each in described})
            shown = f"* exclude ({own})" if own else "*"
            order = "order by all"
            found[name] = connection.execute(f"select {shown} from {name} {order}").fetchall()
    return found


def published(shop: Shop) -> dict[str, list[tuple]]:
    """What readers get: the tables of KPIs with the id of their numbers, and of marts."""
    return rows(shop.home / "warehouse.duckdb", "'kpis', 'marts'", frozenset({"run_id"}))


def loaded(shop: Shop) -> dict[str, list[tuple]]:
    """What was loaded and rejected; results of the gates are of the last night alone.

    Without the check that compares with the release before: that may be of a night that was killed
    when it had published.
    """
    found = rows(shop.home / "build.duckdb", "'raw', 'meta'")
    results = rows(shop.home / "warehouse.duckdb", "'meta'")["meta.quality_result"]
    found["meta.quality_result"] = [each for each in results if "restated_values" not in each]
    return found


def count(shop: Shop) -> int:
    """Orders in the served release; an error when its tables are of two releases."""
    with duckdb.connect(str(shop.home / "warehouse.duckdb"), read_only=True) as connection:
        orders, counted = connection.execute(
            "select (select count(*) from marts.fct_orders),"
            " (select sample_size from kpis.kpi_values)"
        ).fetchone()
    assert orders == counted
    return orders


def users(home: Path) -> list[str]:
    """Processes that have a file of the home open."""
    found = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            for descriptor in folder.iterdir():
                if os.readlink(descriptor).startswith(f"{home}/"):
                    found.append(f"{folder.parent.name}: {os.readlink(descriptor)}")
        except OSError:
            continue  # it has ended meanwhile, or belongs to somebody else
    return found


def intact(shop: Shop) -> None:
    """What holds as soon as a killed night is gone."""
    home = Home(shop.home)
    deadline = time.monotonic() + 5
    while users(shop.home) and time.monotonic() < deadline:
        time.sleep(0.02)  # a helper of the killed process notices that it is alone
    assert users(shop.home) == []
    assert holder(home) is None
    if served_id(home):
        assert served_fault(home) is None
    for release in releases(home):
        verify(release)


def clean(shop: Shop) -> None:
    """What holds after a night that was not killed: nothing is left of those that were."""
    home = Home(shop.home)
    intact(shop)
    ids = {each.release_id for each in releases(home)}
    assert set(os.listdir(home.releases)) == {*ids, ".lock", "journal.jsonl"}
    known = {"landing", "build.duckdb", "warehouse.duckdb", "refresh.lock", "settings.yml"}
    folders = {"releases", "dagster", "dbt", "quality"}
    assert set(os.listdir(home.root)) - folders <= known
    assert not [*home.root.rglob("*.tmp"), *home.root.rglob("*.partial")]
    entries = journal(home)
    assert len(entries) == len((home.releases / "journal.jsonl").read_text().splitlines())
    assert entries[-1]["release_id"] == served_id(home) == releases(home)[0].release_id
    assert ids <= {each["release_id"] for each in entries}, "a release that nobody ever got"


def age(shop: Shop) -> None:
    """Set every release back by two hours, so that retention has something to remove."""
    home = Home(shop.home)
    for release in releases(home):
        early = release.manifest["published_at"], release.published_at - timedelta(hours=2)
        file = release.folder / "manifest.json"
        text = json.loads(file.read_text()) | {"published_at": early[1].strftime(INSTANT)}
        file.chmod(0o644)
        file.write_text(json.dumps(text))
    file = home.releases / "journal.jsonl"
    if file.exists():
        entries = [json.loads(line) | {"at": "2025-01-01T00:00:00.000000Z"} for line in
                   file.read_text().splitlines()]  # fmt: skip
        file.write_text("".join(json.dumps(each) + "\n" for each in entries))


def deliver(shop: Shop, number: int) -> int:
    """The exports of a night: a new file, now and then a corrected and a partly bad one.

    Returns the number of good orders in it that were not there before.
    """
    shop.deliver(f"order_id,amount\no-{number}0,10.00\no-{number}1,5.25\n", f"night_{number}.csv")
    if number % 3 == 0:
        shop.deliver(f"order_id,amount\no-{number}2,1.00\no-{number}3,nope\n", f"bad_{number}.csv")
        return 3
    if number % 3 == 1 and number > 1:
        shop.deliver(GOOD.replace("100.50", f"{100 + number}.50"), "orders.csv")
    return 2


def kill_once(
    program: Nights, shop: Shop, chance: random.Random, spans: dict[str, list[float]], aim: str
) -> str:
    """Start a night and kill it in the step `aim`, or at any instant; return the step it was in."""
    if aim:
        seconds = max(1e-6, chance.uniform(0, max(spans.get(aim, [0.01]))))
        night = program.start(shop, "--as-of", AS_OF, step=aim, seconds=seconds)
        night.end()
        return night.step()
    night = program.start(shop, "--as-of", AS_OF)
    time.sleep(chance.uniform(0, 0.9 * sum(map(sum, spans.values()))))
    return night.kill(group=chance.random() < 0.5)


def kill_nights(tmp_path: Path, rounds: int, in_a_row: int, aims: list[str]) -> Counter[str]:
    """Rounds of killed nights and one that ends, beside a home whose nights are never disturbed."""
    shop = Shop.make(tmp_path)
    calm = replace(shop, home=tmp_path / "calm")
    shutil.copytree(shop.home, calm.home)
    for each in (shop, calm):
        (each.home / "settings.yml").write_text(
            "retention: {keep_releases: 3, minimum_age_hours: 1}\n"
        )
        each.deliver(GOOD)
    chance, orders, turn = random.Random(1), 2, 0
    places: Counter[str] = Counter()
    with nights(shop, tmp_path) as program:
        spans = program.run(calm, "--as-of", AS_OF).spans()
        for number in range(1, rounds + 1):
            if number > 1:
                orders += deliver(shop, number)
                deliver(calm, number)
                age(shop)
                age(calm)
            seen = count(shop) if served_id(Home(shop.home)) else 0
            goal = number * in_a_row
            while sum(places.values()) - places["over"] < goal:
                turn += 1
                aim = aims[turn // 2 % len(aims)] if turn % 2 else ""
                places[kill_once(program, shop, chance, spans, aim)] += 1
                intact(shop)
                if served_id(Home(shop.home)):
                    assert count(shop) in {seen, orders}
                    seen = count(shop)
                else:
                    assert seen == 0
            program.run(shop, "--as-of", AS_OF)
            clean(shop)
            assert count(shop) == orders
            if number > 1:
                program.run(calm, "--as-of", AS_OF)
            assert published(shop) == published(calm)
            assert loaded(shop) == loaded(calm)
            print(number, "rounds,", sum(places.values()), "kills:", dict(places.most_common()))
        shown = shop.run("status", "--json").json
        assert {each["status"] for each in shown["runs"]} <= {"success", "failure", "interrupted"}
    return places


def test_some_killed_nights_leave_the_next_one_undisturbed(tmp_path: Path) -> None:
    places = kill_nights(tmp_path, rounds=1, in_a_row=2, aims=["dbt build", "release: write"])
    assert sum(places.values()) - places["over"] == 2


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_two_hundred_killed_nights_leave_the_next_ones_undisturbed(tmp_path: Path) -> None:
    places = kill_nights(tmp_path, rounds=17, in_a_row=12, aims=SHORT)
    assert sum(places.values()) - places["over"] >= 200
    assert {"load", "gate 1", "dbt build", "release: write"} <= places.keys()
