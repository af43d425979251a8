"""Every critical expectation trips on what it is for, and on nothing else."""

from __future__ import annotations

import pytest
from cases import CASES, CLEAN, Case
from night import DECLARATIONS, Night, Result, failed

from orchestration.home import PROJECT_ROOT
from orchestration.quality import outcome
from orchestration.suites import load_suites

SUITES = load_suites(PROJECT_ROOT / "expectations", DECLARATIONS)


def test_every_critical_expectation_has_a_case() -> None:
    critical = {
        f"{source}.{table}-{one.name}"
        for (source, table), suite in SUITES.items()
        for one in suite.expectations
        if one.severity == "critical" or one.critical_above is not None
    }
    assert {case.id for case in CASES} == critical


def test_every_declared_table_has_a_suite() -> None:
    tables = {(source.name, table.name) for source in DECLARATIONS for table in source.tables}
    assert set(SUITES) == tables


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_bad_rows_block_the_night(case: Case, tripped: dict[str, Result]) -> None:
    result = tripped[case.id]
    assert (result.status, result.severity) == ("failed", "critical"), result.message
    assert outcome([result]) == "blocked"
    file = case.table.replace(".", "/") + "/bad.csv"
    assert f"{file} row" in result.message
    assert f"{file}:{case.row}" in (result.sample_keys or "")
    assert result.message.startswith(case.table)
    assert f"What to do: {result.remedy}" in result.message
    assert result.unexpected_count
    assert result.observed
    assert result.threshold


def test_a_night_in_order_passes(clean_results: list[Result]) -> None:
    assert outcome(clean_results) == "passed"
    assert failed(clean_results, "critical") == {}
    subjects = {one.subject for one in clean_results}
    assert subjects >= set(CLEAN)
    checked = {f"{one.subject}-{one.check_name}" for one in clean_results}
    assert {case.id for case in CASES} <= checked


def test_warnings_are_seen_and_do_not_block(clean_results: list[Result]) -> None:
    nps = failed(clean_results, "warning")["contract.survey_response", "score_outside_scale"]
    assert "11" in nps.message
    assert outcome([nps]) == "passed"


def test_one_bad_status_among_many_only_warns(night: Night) -> None:
    rows = [
        {"invoice_id": f"i{n}", "account_id": "A", "issued_at": "2025-03-01T00:00:00Z",
         "status": "paid"}
        for n in range(9)
    ]  # fmt: skip
    night.deliver("contract.invoice", [*rows, rows[0] | {"invoice_id": "i9", "status": "Paid"}])
    results = night.gate()
    assert outcome(results) == "passed"
    warning = failed(results)["contract.invoice", "unknown_statuses"]
    assert warning.severity == "warning"
    assert warning.observed == "1 of 10 rows (10.00 %)"
    assert warning.threshold == "none; critical above 50 % of the rows"
    assert "Values: Paid." in warning.message
