"""Publishing killed before each of its calls: readers keep a whole release, the next run heals."""

import os
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from building import AS_OF, build
from dying import Died, Mortal

from orchestration.home import Home
from orchestration.lock import holder
from orchestration.releases import journal, releases, served_fault, served_id, verify

# What differs from one release to the next by its nature.
OWN = ("release_id", "published_at", "run_id", "code_version")
IN_A_ROW = 6


@pytest.fixture(scope="module")
def mortal() -> Iterator[Mortal]:
    made = Mortal()
    yield made
    made.end()


def content(home: Home) -> dict[str, list[tuple]]:
    """Every table of the served release, without what belongs to the release itself."""
    with duckdb.connect(str(home.published), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() order by 1"
        ).fetchall()
        found = {}
        for (table,) in tables:
            columns = [each[0] for each in connection.execute(f"from {table} limit 0").description]
            own = ", ".join(set(OWN) & set(columns))
            shown = f"* exclude ({own})" if own else "*"
            found[table] = connection.execute(
                f"select {shown} from {table} order by all"
            ).fetchall()
    return found


def version(home: Home) -> int:
    """The version that readers get; an error when they get a mixture."""
    with duckdb.connect(str(home.published), read_only=True) as connection:
        (versions,) = connection.execute(
            "select list_distinct(list(version)) from (select version from marts.dim_accounts"
            " union all select version from kpis.kpi_values"
            " union all select version from marts.fct_totals)"
        ).fetchone()
    (only,) = versions
    return only


def intact(home: Home) -> None:
    """What holds at any instant, whatever was killed."""
    assert holder(home) is None
    assert served_fault(home) is None
    for release in releases(home):
        verify(release)


def clean(home: Home) -> None:
    """What holds after a run that was not killed: nothing is left of those that were."""
    intact(home)
    ids = {each.release_id for each in releases(home)}
    assert set(os.listdir(home.releases)) == {*ids, ".lock", "journal.jsonl"}
    assert set(os.listdir(home.root)) == {
        *("build.duckdb", "refresh.lock", "releases", "warehouse.duckdb")
    }
    entries = journal(home)
    assert len(entries) == len((home.releases / "journal.jsonl").read_text().splitlines())
    for before, after in pairwise(entries):
        assert after["replaced"] == before["release_id"]
    assert entries[-1]["release_id"] == served_id(home)
    assert ids <= {each["release_id"] for each in entries}, "a release that nobody ever got"


def points(calls: list[str], every: int) -> list[tuple[str, int]]:
    """Every so many of the calls: where each is made, and which of the calls there it is.

    Not simply their numbers: what a killed run left makes the next one begin with more calls.
    """
    seen: Counter[str] = Counter()
    found = []
    for place in calls:
        seen[place] += 1
        found.append((place, seen[place]))
    return found[::every]


def publish(
    mortal: Mortal, home: Home, number: int, attempt: int, kill: str = "", nth: int = 0
) -> Died:
    died = mortal.do(
        action="publish",
        home=home.root,
        run_id=f"run-{number}-{attempt}",
        as_of=AS_OF.isoformat(),
        kill=kill,
        nth=nth,
    )
    assert died.killed or died.code == 0
    return died


def homes(tmp_path: Path) -> tuple[Home, Home]:
    made = Home(tmp_path / "home"), Home(tmp_path / "calm")
    for home in made:
        home.root.mkdir()
    return made


def kill_publishing(tmp_path: Path, mortal: Mortal, every: int) -> Counter[str]:
    """Kill before every so many calls, some in a row before a run that ends; count the places."""
    home, calm = homes(tmp_path)
    for number in range(1, 5):
        for each in (home, calm):
            build(each, number)
            calls = publish(mortal, each, number, 0).calls
    wanted = points(calls, every)
    places: Counter[str] = Counter()
    for first in range(0, len(wanted), IN_A_ROW):
        number += 1
        for each in (home, calm):
            build(each, number)
        seen = number - 1
        for attempt, (place, nth) in enumerate(wanted[first : first + IN_A_ROW]):
            died = publish(mortal, home, number, attempt, place, nth)
            assert died.killed, f"call {nth} of {place} was never made"
            places[died.at] += 1
            intact(home)
            assert version(home) in {seen, number}
            seen = max(seen, version(home))  # what readers once got, they keep
        publish(mortal, home, number, IN_A_ROW)
        publish(mortal, calm, number, 0)
        clean(home)
        assert version(home) == number
        assert content(home) == content(calm)
        assert len(releases(home)) == len(releases(calm)) == 3
    return places


def test_publishing_killed_at_some_of_its_calls_leaves_the_next_run_undisturbed(
    tmp_path: Path, mortal: Mortal
) -> None:
    places = kill_publishing(tmp_path, mortal, every=45)
    assert sum(places.values()) >= 4


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_publishing_killed_before_each_of_its_calls_leaves_the_next_run_undisturbed(
    tmp_path: Path, mortal: Mortal
) -> None:
    places = kill_publishing(tmp_path, mortal, every=1)
    print(sum(places.values()), "kills of publishing:", dict(places))
    assert {"_flip:rename", "_flip:symlink", "_flip:replace", "_note:fsync"} <= places.keys()
    assert {"_remove:replace", "copy:execute", "write_durably:fsync"} <= places.keys()


def kill_rollbacks(tmp_path: Path, mortal: Mortal, every: int) -> int:
    """Kill a rollback before every so many calls; return how many were killed."""
    home, _ = homes(tmp_path)
    number, killed, wanted = 0, 0, [("", 0)]
    while wanted:
        while len(releases(home)) < 2 or served_id(home) != releases(home)[0].release_id:
            number += 1  # at first, and when a rollback had come as far as the link
            build(home, number)
            publish(mortal, home, number, 0)
        second, first = (each.release_id for each in releases(home)[:2])
        place, nth = wanted.pop()
        died = mortal.do(action="rollback", home=home.root, kill=place, nth=nth)
        intact(home)
        assert served_id(home) in {first, second}
        if died.killed:
            killed += 1
        else:  # the first one, for the calls that it makes
            assert (died.code, served_id(home), place) == (0, first, "")
            wanted = points(died.calls, every)
    build(home, number + 1)
    publish(mortal, home, number + 1, 0)
    clean(home)
    assert version(home) == number + 1
    return killed


def test_a_rollback_killed_at_some_of_its_calls_serves_one_release_or_the_other(
    tmp_path: Path, mortal: Mortal
) -> None:
    assert kill_rollbacks(tmp_path, mortal, every=9) >= 3


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_a_rollback_killed_before_each_of_its_calls_serves_one_release_or_the_other(
    tmp_path: Path, mortal: Mortal
) -> None:
    killed = kill_rollbacks(tmp_path, mortal, every=1)
    print(killed, "kills of a rollback")
    assert killed >= 25
