"""What dbt says becomes results of gate 2, and a verdict on the night."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from orchestration import transform
from orchestration.home import Home, Settings
from orchestration.transform import (
    Blocked,
    Fault,
    NodeResult,
    Translator,
    judge,
    record_build,
    record_dbt_results,
)

MODEL = {
    "resource_type": "model",
    "name": "fct_orders",
    "schema": "marts",
    "fqn": ["shop", "marts", "sales", "fct_orders"],
    "description": " One row per order. ",
    "raw_code": "select 1 as secret_sql",
    "config": {"meta": {"owner": "sales ops"}},
}


def test_node(name: str, **more: object) -> dict[str, object]:
    return {
        "name": name,
        "path": f"{name}.sql",
        "original_file_path": "models/marts/_marts.yml",
        "column_name": "order_id",
        "attached_node": "model.shop.fct_orders",
        "depends_on": {"nodes": ["model.shop.fct_orders"]},
        "config": {"severity": "error"},
        "resource_type": "test",
        **more,
    }


test_node.__test__ = False  # type: ignore[attr-defined]

MANIFEST = {
    "metadata": {"project_name": "shop"},
    "nodes": {
        "model.shop.fct_orders": MODEL,
        "test.shop.unique.1": test_node("unique"),
        "test.shop.mild.2": test_node("mild", config={"severity": "warn"}),
        "test.shop.private.3": test_node("private", column_name="e_mail"),
        "test.shop.source.4": test_node("of_source", attached_node="source.shop.crm.account"),
        "test.shop.described.5": test_node(
            "described",
            description="Orders have a customer.",
            config={"severity": "error", "meta": {"remedy": "ask the shop team"}},
        ),
    },
    "sources": {"source.shop.crm.account": {"source_name": "crm", "name": "account"}},
}


def result(unique_id: str, status: str, failures: int | None = 0, code: str = "") -> NodeResult:
    return NodeResult(
        unique_id, unique_id.split(".")[0], status, "Got a result", failures, 0.1, code
    )


FAILING = "select 'o-1' as unique_field, 2 as n_records union all select 'o-2', 3 order by 1"


def test_each_test_leaves_one_row_with_subject_threshold_and_keys(home: Home) -> None:
    found = record_dbt_results(
        home,
        "run-1",
        [
            result("model.shop.fct_orders", "success"),
            result("test.shop.unique.1", "fail", 2, FAILING),
            result("test.shop.mild.2", "warn", 1, "select 1 as order_id"),
            result("test.shop.source.4", "pass"),
        ],
        MANIFEST,
    )
    assert len(found) == 3
    with duckdb.connect(str(home.build_database)) as connection:
        rows = connection.execute(
            "select gate, check_name, subject, severity, status, observed, threshold,"
            " unexpected_count, sample_keys from meta.quality_result order by check_name"
        ).fetchall()
    assert rows == [
        (2, "mild", "fct_orders", "warning", "failed", "1 row", "0 rows", 1, "order_id=1"),
        (2, "of_source", "crm.account", "critical", "passed", "0 rows", "0 rows", 0, None),
        (
            2,
            "unique",
            "fct_orders",
            "critical",
            "failed",
            "2 rows",
            "0 rows",
            2,
            "order_id=o-1, n_records=2; order_id=o-2, n_records=3",
        ),
    ]


def test_a_sample_never_shows_a_column_that_may_be_personal(home: Home) -> None:
    query = "select 'maria@example.com' as unique_field, 'Maria' as name, 'c-1' as customer_id"
    (found,) = record_dbt_results(
        home, "run-1", [result("test.shop.private.3", "fail", 1, query)], MANIFEST
    )
    assert found.sample_keys == "customer_id=c-1"


def test_description_and_remedy_of_a_test_are_what_people_read(home: Home) -> None:
    described, plain = record_dbt_results(
        home,
        "run-1",
        [
            result("test.shop.described.5", "fail", 3, FAILING),
            result("test.shop.unique.1", "fail", 2, FAILING),
        ],
        MANIFEST,
    )
    assert (described.message, described.remedy) == ("Orders have a customer.", "ask the shop team")
    assert plain.message == "2 rows of fct_orders against unique"
    assert (
        "warehouse sql --build --file dbt/target/compiled/shop/models/marts/_marts.yml/unique.sql"
        in plain.remedy
    )


def test_a_failed_critical_test_blocks_and_a_warning_does_not(home: Home) -> None:
    mild = [result("test.shop.mild.2", "warn", 1, "select 1 as order_id")]
    judge(mild, record_dbt_results(home, "run-1", mild, MANIFEST))
    bad = [*mild, result("test.shop.unique.1", "fail", 2, FAILING)]
    with pytest.raises(Blocked, match="unique on fct_orders: 2 rows"):
        judge(bad, record_dbt_results(home, "run-1", bad, MANIFEST))


@pytest.mark.parametrize("broken", ["model.shop.fct_orders", "test.shop.unique.1"])
def test_a_broken_model_or_test_is_a_fault_even_beside_a_failed_test(
    home: Home, broken: str
) -> None:
    results = [
        result("test.shop.described.5", "fail", 1, FAILING),
        result(broken, "error", None),
        result("test.shop.mild.2", "skipped", None),
    ]
    checks = record_dbt_results(home, "run-1", results, MANIFEST)
    with pytest.raises(Fault, match=broken.split(".")[2]):
        judge(results, checks)


def test_a_run_recorded_twice_counts_once(home: Home) -> None:
    for _ in range(2):
        record_dbt_results(home, "run-1", [result("test.shop.unique.1", "pass")], MANIFEST)
    with duckdb.connect(str(home.build_database)) as connection:
        assert connection.execute("select count(*) from meta.quality_result").fetchone() == (1,)


def test_only_the_run_that_built_the_database_can_release_it(home: Home) -> None:
    from dagster import Failure

    from orchestration.publish import build_instant

    as_of = datetime(2025, 7, 14, 22, tzinfo=UTC)
    duckdb.connect(str(home.build_database)).close()
    with pytest.raises(Failure, match="Launch the job"):
        build_instant(home, "run-1")
    record_build(home, "run-1", as_of)
    assert build_instant(home, "run-1") == as_of
    with pytest.raises(Failure, match="Launch the job"):
        build_instant(home, "run-2")


def test_assets_show_folder_owner_and_description_and_no_sql() -> None:
    translator = Translator()
    assert translator.get_asset_key(MODEL).path == ["marts", "fct_orders"]
    assert translator.get_group_name(MODEL) == "marts_sales"
    assert translator.get_description(MODEL) == "One row per order."
    assert translator.get_owners(MODEL) == ["team:sales_ops"]
    source = {"resource_type": "source", "source_name": "crm", "name": "account"}
    assert translator.get_asset_key(source).path == ["raw", "crm", "account"]
    assert translator.get_asset_key({**source, "source_name": "meta"}).path == ["meta", "account"]


def test_a_manifest_that_a_killed_parse_left_half_written_is_parsed_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = False

    def parse(_home: Home, _command: object, _vars: object, target: Path) -> SimpleNamespace:
        (target / "manifest.json").write_text('{"nodes": ' if killed else '{"nodes": {}}')
        if killed:
            raise KeyboardInterrupt
        return SimpleNamespace(success=True, result=None)

    monkeypatch.setattr(transform, "_invoke", parse)
    assert transform.read_manifest(home, Settings()) == {"nodes": {}}
    killed = True
    assert transform.read_manifest(home, Settings()) == {"nodes": {}}  # nothing has changed
    with pytest.raises(KeyboardInterrupt):
        transform.build(home, Settings(), as_of=datetime.now(UTC), run_id="killed")
    killed = False
    assert transform.read_manifest(home, Settings()) == {"nodes": {}}
