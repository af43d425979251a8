"""What was published of a closed period and is so no more is said at gate 2, and where."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import pytest
from building import AS_OF, build, released

from orchestration import report
from orchestration.home import Home, SettingsError, load_settings
from orchestration.publish import publish
from orchestration.quality import insert_results, outcome
from orchestration.restatement import check, restatements
from orchestration.transform import record_restatements


def rebuilt(home: Home, change: str) -> None:
    build(home, 100)
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(change)


def test_before_the_first_release_nothing_is_restated(home: Home) -> None:
    build(home, 100)
    assert check(home, "run-1", AS_OF, 0.01) is None


def test_the_same_values_are_no_restatement(home: Home) -> None:
    released(home, 100)
    result = check(home, "run-2", AS_OF, 0.01)
    assert result is not None
    assert (result.status, result.unexpected_count, result.observed) == ("passed", 0, "none moved")


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ("update kpis.kpi_values set value = 102 where period_start = '2025-05-01'", 102.0),
        ("update kpis.kpi_values set value = null where period_start = '2025-05-01'", None),
        ("update kpis.kpi_values set is_complete = false where period_start = '2025-05-01'", None),
        ("delete from kpis.kpi_values where period_start = '2025-05-01'", None),
    ],
)
def test_a_value_that_moved_is_said_with_before_and_after(
    home: Home, change: str, after: float | None
) -> None:
    released(home, 100)
    rebuilt(home, change)
    (found,) = restatements(home, AS_OF, 0.01) or ()
    assert (found["kpi_id"], found["grain"], str(found["period_start"])[:10]) == (
        "mrr",
        "month",
        "2025-05-01",
    )
    assert (found["before"], found["after"]) == (100.0, after)
    result = check(home, "run-2", AS_OF, 0.01)
    assert result is not None
    assert (result.status, result.severity, result.gate) == ("failed", "warning", 2)
    assert outcome([result]) == "passed", "a warning blocks nothing"
    shown = "no value" if after is None else "102"
    assert f"mrr month 2025-05-01: 100 became {shown}" in result.message.replace(" 00:00:00", "")
    assert result.threshold == "at most 1 % of the value"


@pytest.mark.parametrize(
    ("change", "tolerance"),
    [
        ("update kpis.kpi_values set value = 100.9", 0.01),
        ("update kpis.kpi_values set value = 149", 0.5),
        ("update kpis.kpi_values set value = 7, kpi_version = 2", 0.01),
        ("update kpis.kpi_values set value = 7 where not is_complete", 0.01),
        ("update kpis.kpi_values set value = 7, dim_name = 'region'", 0.01),
    ],
    ids=["within tolerance", "within a wide one", "new definition", "open period", "a slice more"],
)
def test_what_is_no_restatement(home: Home, change: str, tolerance: float) -> None:
    released(home, 100)
    rebuilt(home, change)
    if "region" in change:
        with duckdb.connect(str(home.build_database)) as connection:
            connection.execute(
                "insert into kpis.kpi_values select * replace ('all' as dim_name, 100 as value)"
                " from kpis.kpi_values"
            )
    assert restatements(home, AS_OF, tolerance) == []


def test_a_run_for_an_earlier_instant_restates_only_what_was_closed_then(home: Home) -> None:
    released(home, 100)
    rebuilt(home, "delete from kpis.kpi_values")
    rebuilt(home, "update kpis.kpi_values set is_complete = false")
    assert restatements(home, AS_OF - timedelta(days=200), 0.01) == []
    assert len(restatements(home, AS_OF, 0.01) or ()) == 2


def test_it_is_in_status_and_on_the_page_of_the_night(home: Home) -> None:
    released(home, 100)
    rebuilt(home, "update kpis.kpi_values set value = 120 where period_start = '2025-06-01'")
    with duckdb.connect(str(home.build_database)) as connection:
        insert_results(connection, [])
    record_restatements(home, "run-2", AS_OF, 0.01)
    (shown,) = report.failed(report.quality(home, "run-2"))
    assert shown["check_name"] == "restated_values"
    assert "100 became 120" in report.finding(shown)
    release = publish(home, load_settings(home), run_id="run-2", as_of=AS_OF)
    assert "100 became 120" in (release.database.parent / "quality.html").read_text()


def test_the_tolerance_is_a_setting(home: Home) -> None:
    assert load_settings(home).restatement_tolerance == 0.01
    (home.root / "settings.yml").write_text("restatement_tolerance: 0.002\n")
    settings = load_settings(home)
    assert settings.restatement_tolerance == 0.002
    assert "restatement_tolerance" not in settings.dbt_vars()
    (home.root / "settings.yml").write_text("restatement_tolerance: 2\n")
    with pytest.raises(SettingsError, match="a share from 0 to 1"):
        load_settings(home)
