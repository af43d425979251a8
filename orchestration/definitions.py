"""Everything that Dagster runs and shows, put together."""

from dagster import Definitions, in_process_executor

from orchestration import operate
from orchestration.home import Home, load_settings
from orchestration.ingest.assets import raw_assets
from orchestration.publish import release_asset
from orchestration.quality import gate_1_checks
from orchestration.resources import HomeResource, RunClock
from orchestration.transform import transform_assets

home = Home.from_env()
settings = load_settings(home)
raw = raw_assets()
transform = transform_assets(home, settings)
release = release_asset(transform.keys, operate.release_freshness(settings))

defs = Definitions(
    assets=[*raw, operate.deliveries_asset(raw), transform, release],
    asset_checks=gate_1_checks(),
    jobs=[operate.refresh_job],
    schedules=[operate.nightly(settings)],
    sensors=[operate.new_files_in_landing, operate.alert_sensor()],
    resources={"home": HomeResource(), "clock": RunClock()},
    executor=in_process_executor,
)
