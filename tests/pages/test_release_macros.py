"""The macros in a release: right rows, and errors that say what there is."""

from pathlib import Path

import duckdb
import pytest
from synthetic_release import Company

from orchestration.home import Home
from orchestration.release_macros import MACROS
from orchestration.shell import open_locked


@pytest.fixture
def database(home: Home) -> Path:
    company = Company(home)
    company.kpi("churn", name="Churn rate", slices="segment")
    company.months("churn", [0.1, 0.2, 0.4])
    company.months("churn", [0.5, 0.25], dim="segment", member="SMB")
    company.months("churn", [0.7], dim="segment", member="Enterprise", mature=False)
    company.kpi("whole", slices=None)
    return company.publish().database


def test_a_series_and_the_newest_settled_period(database: Path, tmp_path: Path) -> None:
    with open_locked(database, str(tmp_path)) as connection:
        series = connection.execute("select value from kpis.kpi('churn')").fetchall()
        since = connection.execute(
            "select count(*) from kpis.kpi('churn', since := date '2025-12-01')"
        ).fetchall()
        members = connection.execute(
            "select dim_value, value from kpis.kpi('churn', grain := 'month', slice := 'segment')"
            " where period_start = date '2025-12-01'"
        ).fetchall()
        latest = connection.execute(
            "select value, previous_value, change from kpis.kpi_latest('churn')"
        ).fetchall()
        found = connection.execute("select kpi_id from kpis.kpi_find('CHURN')").fetchall()
    assert series == [(0.1,), (0.2,), (0.4,)]
    assert since == [(1,)]
    assert members == [("Enterprise", 0.7), ("SMB", 0.25)]
    assert latest == [(0.4, 0.2, 0.2)]
    assert found == [("churn",)]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from kpis.kpi('nothing')", "no KPI nothing"),
        ("from kpis.kpi('churn', grain := 'fortnight')", "it has: month quarter"),
        ("from kpis.kpi('churn', slice := 'colour')", "it has: segment"),
        ("from kpis.kpi('whole', slice := 'segment')", "it has: none"),
    ],
)
def test_a_wrong_call_says_what_there_is(
    database: Path, tmp_path: Path, query: str, words: str
) -> None:
    with (
        open_locked(database, str(tmp_path)) as connection,
        pytest.raises(duckdb.InvalidInputException, match=words),
    ):
        connection.execute(query).fetchall()


def test_every_macro_carries_its_comment_and_works_in_a_renamed_file(
    database: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "other.duckdb"
    copy.write_bytes(database.read_bytes())
    with duckdb.connect(str(copy), read_only=True) as connection:
        comments = dict(
            connection.execute(
                "select function_name, comment from duckdb_functions() where schema_name = 'kpis'"
            ).fetchall()
        )
        assert connection.execute("select count(*) from kpis.kpi('churn')").fetchall() == [(3,)]
    assert set(comments) == set(MACROS)
    assert all("Example:" in comment for comment in comments.values())
