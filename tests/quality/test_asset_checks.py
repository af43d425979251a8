"""Gate 1 in Dagster: critical failures stop what follows, warnings are shown, faults are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    AssetCheckSeverity,
    AssetKey,
    AssetSelection,
    AssetSpec,
    DagsterInstance,
    Definitions,
    MaterializeResult,
    define_asset_job,
    in_process_executor,
    multi_asset,
)
from night import DECLARATIONS, Night

from orchestration import gate_1_checks
from orchestration.quality import gate_1_checks as build
from orchestration.resources import HomeResource, RunClock

TABLES = [
    AssetKey(["raw", source.name, table.name]) for source in DECLARATIONS for table in source.tables
]


@multi_asset(name="load", specs=[AssetSpec(key) for key in TABLES])
def load() -> Iterator[MaterializeResult]:
    for key in TABLES:
        yield MaterializeResult(asset_key=key)


@multi_asset(specs=[AssetSpec(["marts", "fct"], deps=[AssetKey(["raw", "contract", "account"])])])
def models() -> Iterator[MaterializeResult]:
    yield MaterializeResult(asset_key=AssetKey(["marts", "fct"]))


def refresh(night: Night, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("WAREHOUSE_HOME", str(night.home.root))
    definitions = Definitions(
        assets=[load, models],
        asset_checks=build(),
        jobs=[define_asset_job("refresh", selection=AssetSelection.all())],
        resources={"home": HomeResource(), "clock": RunClock(as_of="2025-07-01")},
        executor=in_process_executor,
    )
    with DagsterInstance.ephemeral() as instance:
        return definitions.resolve_job_def("refresh").execute_in_process(
            instance=instance, raise_on_error=False
        )


def ran(result: Any) -> set[str]:
    return {event.step_key for event in result.all_events if event.is_step_start}


def test_a_critical_failure_stops_the_models(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    night.deliver(
        "contract.account", [{"account_id": "A", "merged_into_id": "A", "country": "Mars"}]
    )
    result = refresh(night, monkeypatch)
    assert not result.success
    assert ran(result) == {"load", "gate_1"}
    failure = next(event for event in result.all_events if event.is_step_failure)
    assert failure.step_failure_data.error.cls_name == "DagsterAssetCheckFailedError"
    checks = {
        one.check_name: one
        for one in result.get_asset_check_evaluations()
        if one.asset_key == AssetKey(["raw", "contract", "account"])
    }
    assert not checks["critical"].passed
    assert checks["critical"].severity == AssetCheckSeverity.ERROR
    assert "contract/account/export.csv row 1" in checks["critical"].description
    assert not checks["warnings"].passed
    assert checks["warnings"].severity == AssetCheckSeverity.WARN
    first = checks["critical"].metadata["expectations"].value.records[0].data
    assert first["expectation"] == "merged_into_id merge_cycle__merged_into_id"
    assert first["observed"] == "1 of 1 rows (100.00 %)"
    assert first["threshold"] == "none"
    assert first["sample_keys"] == "A (contract/account/export.csv:1)"
    assert first["what_to_do"].startswith("One of these records must be the survivor")


def test_warnings_do_not_stop_the_models(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    night.deliver("contract.account", [{"account_id": "A", "country": "Mars"}])
    result = refresh(night, monkeypatch)
    assert result.success
    assert ran(result) == {"load", "gate_1", "models"}


def test_a_broken_check_is_marked_as_a_fault(
    night: Night, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    suite = tmp_path / "expectations" / "contract" / "account.yml"
    suite.parent.mkdir(parents=True)
    suite.write_text(
        "description: x\nexpectations:\n"
        "  - {name: broken, type: unexpected_rows, severity: warning, finding: x, remedy: x,"
        " query: 'select * from {batch} where no_such_column = 1'}\n"
    )
    defaults = gate_1_checks.EXPECTATIONS / "defaults.yml"
    (suite.parent.parent / "defaults.yml").write_text(defaults.read_text())
    monkeypatch.setattr(gate_1_checks, "EXPECTATIONS", suite.parent.parent)
    night.deliver("contract.account", [{"account_id": "A"}])
    result = refresh(night, monkeypatch)
    assert not result.success
    assert ran(result) == {"load", "gate_1"}
    failure = next(event for event in result.all_events if event.is_step_failure)
    assert failure.step_failure_data.user_failure_data.metadata["outcome"].value == "fault"
    assert "no_such_column" in failure.step_failure_data.user_failure_data.description


def test_definitions_need_no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(tmp_path / "nowhere"))
    (checks,) = build()
    assert {key.asset_key for key in checks.check_keys} == set(TABLES)
    blocking = {spec.name for spec in checks.check_specs if spec.blocking}
    assert blocking == {"critical"}
