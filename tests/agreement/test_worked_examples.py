"""Every worked example of the contract: files in, published numbers out.

Companies of several examples go through the whole job, to a release; the few that stand alone are
loaded and built without Dagster. The long form runs one whole job for every single example.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from oracle.book import Key
from oracle.calculate import calculate
from oracle.examples import Example, examples
from oracle.test_examples import MONEY, RATIO, agrees, tolerance

from .warehouse import Dbt, Published, read, read_table, run_company
from .worked import Company, companies, own, refresh

COMPANIES = companies(examples())
EXAMPLES = [(company, example) for company in COMPANIES for example in company.examples]
IDS = [example.id for _, example in EXAMPLES]
AT_ONCE = 2

WHOLE_JOB = 3

Release = tuple[dict[Key, Published], Path]


@pytest.fixture(scope="module")
def release(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dbt: Dbt
) -> Any:
    """The published rows of a company. Jobs of companies run beside the tests, two at a time."""
    root = tmp_path_factory.mktemp("examples")
    chosen = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    wanted = [params["company"] for params in chosen if "company" in params]
    jobs: dict[int, Future[Path]] = {}
    done: dict[int, Release] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, company in enumerate(COMPANIES):
            if len(company.examples) >= WHOLE_JOB and any(company is each for each in wanted):
                home = root / f"company{number}"
                home.mkdir()
                jobs[number] = pool.submit(refresh, home, company)

        def of(company: Company) -> Release:
            number = next(n for n, each in enumerate(COMPANIES) if each is company)
            if number not in done and number in jobs:
                done[number] = (read(jobs[number].result()), jobs[number].result())
            elif number not in done:
                home, first = root / f"company{number}", company.examples[0]
                ids = {row[0] for example in company.examples for row in example.expected}
                ids |= {table for example in company.examples for table in example.tables}
                rows = run_company(dbt, home, company.entities, first.as_of, first.params, ids)
                done[number] = (rows, home / "build.duckdb")
            return done[number]

        yield of
        for job in jobs.values():
            job.cancel()
    shutil.rmtree(root, ignore_errors=True)


def check(example: Example, rows: dict[Key, Published]) -> None:
    """The printed numbers are published, exactly, and the printed mistakes are not."""
    for expected in example.expected:
        key = Key(*expected[:5])
        assert key in rows, f"nothing published for {key}"
        row = rows[key]
        numerator, denominator, value = expected[5:]
        assert agrees(row.value, value, tolerance(key.kpi_id)), (expected, row)
        if numerator is not None:
            assert agrees(row.numerator, numerator, MONEY), (expected, row)
        if denominator is not None:
            assert agrees(row.denominator, denominator, RATIO), (expected, row)
    for wrong in example.wrong:
        row = rows[Key(*wrong[:5])]
        assert not agrees(row.value, wrong[7], 5e-4), (wrong, row)
    for name, counts in (
        ("rejected_rows", example.rejected),
        ("censored_rows", example.censored),
        ("is_mature", example.mature),
    ):
        for (kpi_id, grain, start), count in counts.items():
            row = rows[Key(kpi_id, grain, start, "all", "all")]
            assert getattr(row, name) == count, (name, kpi_id, row)


def check_tables(example: Example, database: Path) -> None:
    """The tables that are no rows of kpi_values hold the printed cells."""
    for table, printed in example.tables.items():
        have = read_table(database, table)
        for cells in printed:
            assert any(
                all(str(row[c]) == str(v) or agrees_number(row[c], v) for c, v in cells.items())
                for row in have
            ), (cells, have)


def agrees_number(actual: Any, printed: Any) -> bool:
    return (
        not isinstance(actual, str)
        and not hasattr(actual, "year")
        and agrees(actual, printed, RATIO)
    )


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("company", "example"), EXAMPLES, ids=IDS)
def test_the_printed_numbers_are_published(
    release: Callable[[Company], Release], company: Company, example: Example
) -> None:
    rows, database = release(company)
    check(example, rows)
    check_tables(example, database)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("example", examples(), ids=[e.id for e in examples()])
def test_an_example_alone(example: Example, tmp_path: Path) -> None:
    company = Company([own(example)])
    database = refresh(tmp_path, company)
    check(company.examples[0], read(database))
    check_tables(company.examples[0], database)


def test_examples_in_one_company_do_not_disturb_each_other() -> None:
    """The grouping itself: the independent calculation still gives every printed number."""
    for company in COMPANIES:
        first = company.examples[0]
        rows = calculate(company.entities, as_of=first.as_of, params=first.params)
        for example in company.examples:
            check(example, rows)  # type: ignore[arg-type]
