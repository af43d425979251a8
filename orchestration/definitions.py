"""Everything that Dagster runs and shows, put together."""

from dagster import Definitions, in_process_executor

from orchestration.home import Home, load_settings
from orchestration.ingest.assets import raw_assets
from orchestration.operate import (
    alert_sensor,
    deliveries_asset,
    new_files_in_landing,
    nightly,
    refresh_job,
)
from orchestration.publish import release_asset
from orchestration.quality import gate_1_checks
from orchestration.resources import HomeResource, RunClock
from orchestration.transform import transform_assets

home = Home.from_env()
settings = load_settings(home)
raw = raw_assets()
transform = transform_assets(home, settings)

defs = Definitions(
    assets=[*raw, deliveries_asset(raw), transform, release_asset(transform.keys)],
    asset_checks=gate_1_checks(),
    jobs=[refresh_job],
    schedules=[nightly(settings)],
    sensors=[new_files_in_landing, alert_sensor()],
    resources={"home": HomeResource(), "clock": RunClock()},
    executor=in_process_executor,
)
