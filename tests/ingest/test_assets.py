"""The raw tables as Dagster sees them."""

from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, materialize
from shops import Shop

from orchestration.ingest.assets import raw_assets
from orchestration.resources import HomeResource


def test_assets_are_defined_without_a_database_or_a_landing_folder(shop: Shop) -> None:
    (asset,) = raw_assets(shop.declarations)
    assert asset.keys == {AssetKey(["raw", "shop", t]) for t in ("order", "text", "page")}
    spec = asset.get_asset_spec(AssetKey(["raw", "shop", "order"]))
    assert (spec.group_name, spec.description) == ("shop", "One row per order.")
    assert spec.kinds == {"duckdb", "file", "shop"}
    assert not shop.home.root.exists()


def test_materializing_loads_and_says_how_many_rows_of_how_many_files(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(shop.home.root))
    shop.deliver("order/a.csv", "order_id,amount\n1,2\n2,x\n")
    shop.deliver("order/b.csv", "order_id\n1\n")
    with DagsterInstance.ephemeral() as instance:
        result = materialize(
            raw_assets(shop.declarations), instance=instance, resources={"home": HomeResource()}
        )
        assert result.success
        found = {
            event.asset_key.path[-1]: event.materialization.metadata
            for event in result.get_asset_materialization_events()
            if event.asset_key is not None
        }
    assert set(found) == {"order", "text", "page"}
    order = {name: value.value for name, value in found["order"].items()}
    assert (order["files loaded"], order["files rejected"], order["files unchanged"]) == (1, 1, 0)
    assert (order["rows loaded"], order["rows rejected"]) == (1, 2)
    assert "is not a number" in str(order["problems"])
    ((run_id,),) = shop.query("select distinct run_id from meta.feed_load")
    assert run_id == result.run_id
    # One instant for the whole run; a connection that stayed open would refuse this one.
    assert len(shop.query("select distinct loaded_at from meta.feed_load")) == 1
