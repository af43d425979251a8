"""Readers in other processes while releases come and go: no error, no mixture, no way back."""

import multiprocessing
import time
from pathlib import Path

import pytest
from building import released

from orchestration.home import Home, Retention, Settings
from orchestration.releases import releases, rollback

CHECK = """
select
    (select min(version) from marts.dim_accounts),
    (select max(version) from marts.dim_accounts),
    (select version from marts.fct_totals),
    (select max(version) from kpis.kpi_values),
    (select cast(replace(run_id, 'run-', '') as integer) from meta.release)
"""


def read(published: Path, stop, results, forwards: bool, long_lived: bool) -> None:  # type: ignore[no-untyped-def]
    """One reader process: open, query, close, until told to stop; reports what went wrong."""
    import duckdb

    queries, problems, last = 0, [], 0
    while not stop.is_set():
        try:
            with duckdb.connect(str(published), read_only=True) as connection:
                for _ in range(10 if long_lived else 1):
                    versions = connection.execute(CHECK).fetchone()
                    queries += 1
                    if len(set(versions)) != 1:
                        problems.append(f"a mixture: {versions}")
                    if forwards and versions[0] < last:
                        problems.append(f"went back from {last} to {versions[0]}")
                    last = versions[0]
        except Exception as error:
            problems.append(f"{type(error).__name__}: {error}")
    results.put((queries, problems[:5]))


def soak(home: Home, count: int, readers: int, rollbacks: bool) -> tuple[int, list[str]]:
    """Publish `count` releases under `readers` processes; return queries and problems."""
    settings = Settings(retention=Retention(keep_releases=3, minimum_age_hours=1))
    released(home, 1, settings)
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    processes = [
        context.Process(
            target=read, args=(home.published, stop, results, not rollbacks, number % 2 == 1)
        )
        for number in range(readers)
    ]
    for process in processes:
        process.start()
    time.sleep(1)
    for number in range(2, count + 1):
        released(home, number, settings)
        if rollbacks and number % 10 == 0:
            rollback(home)
    stop.set()
    found = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    return sum(queries for queries, _ in found), [each for _, some in found for each in some]


def test_readers_see_no_error_and_no_mixture_during_sixty_releases(home: Home) -> None:
    queries, problems = soak(home, 60, readers=3, rollbacks=False)
    assert problems == []
    assert queries >= 60
    assert len(releases(home)) == 60  # none is old enough to go


@pytest.mark.long
def test_readers_see_no_error_during_five_hundred_releases_with_rollbacks(home: Home) -> None:
    queries, problems = soak(home, 500, readers=16, rollbacks=True)
    assert problems == []
    assert queries >= 1000
