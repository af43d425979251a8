"""Schedule, sensor and alerts, and how the project looks in Dagster."""

import json
import os
import subprocess
import sys
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import yaml
from dagster import (
    DefaultScheduleStatus,
    DefaultSensorStatus,
    build_schedule_context,
    build_sensor_context,
)

from orchestration.alerts import alert
from orchestration.home import PROJECT_ROOT, Alerts, Home, Settings
from orchestration.lock import refresh_lock
from orchestration.operate import (
    JOB,
    alert_sensor,
    dagster_home,
    new_files_in_landing,
    nightly,
    release_freshness,
    tell,
)
from orchestration.quality import Result, insert_results


def request_at(settings: Settings, moment: str):  # type: ignore[no-untyped-def]
    instant = datetime.fromisoformat(moment)
    context = build_schedule_context(scheduled_execution_time=instant)
    return nightly(settings).evaluate_tick(context).run_requests[0]


@pytest.mark.parametrize(
    ("moment", "as_of"),
    [
        ("2025-07-15T02:30:00+02:00", "2025-07-14T22:00:00+00:00"),
        ("2025-01-15T02:30:00+01:00", "2025-01-14T23:00:00+00:00"),
        ("2025-03-30T03:30:00+02:00", "2025-03-29T23:00:00+00:00"),
    ],
)
def test_the_schedule_passes_the_last_local_midnight(moment: str, as_of: str) -> None:
    request = request_at(Settings(), moment)
    assert request.run_config["resources"]["clock"]["config"]["as_of"] == as_of
    assert request.tags["warehouse/started_by"] == "schedule"


def test_time_and_zone_of_the_schedule_come_from_settings() -> None:
    settings = Settings.model_validate(
        {
            "reporting_timezone": "America/New_York",
            "schedule": {"time": "23:05", "timezone": "Asia/Tokyo"},
        }
    )
    schedule = nightly(settings)
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("5 23 * * *", "Asia/Tokyo")
    assert schedule.default_status == DefaultScheduleStatus.STOPPED
    plain = nightly(Settings())
    assert (plain.cron_schedule, plain.execution_timezone) == ("30 2 * * *", "Europe/Berlin")


def landed(home: Home, name: str, age_seconds: float = 600) -> None:
    file = home.landing / "contract" / "account" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("account_id\n1\n")
    moment = time.time() - age_seconds
    os.utime(file, (moment, moment))


def tick(cursor: str | None = None):  # type: ignore[no-untyped-def]
    context = build_sensor_context(cursor=cursor)
    data = new_files_in_landing.evaluate_tick(context)
    return data, data.cursor


def test_the_sensor_asks_once_for_new_files_and_again_for_changed_ones(home: Home) -> None:
    assert "no files" in tick()[0].skip_message
    landed(home, "a.csv")
    asked, cursor = tick()
    assert len(asked.run_requests) == 1
    again, _ = tick(cursor)
    assert again.run_requests == []
    assert "nothing new" in again.skip_message
    landed(home, "a.csv", age_seconds=300)
    changed, _ = tick(cursor)
    assert len(changed.run_requests) == 1


def test_the_sensor_waits_for_files_to_settle_and_for_a_running_refresh(home: Home) -> None:
    landed(home, "a.csv", age_seconds=0)
    assert "settle" in tick()[0].skip_message
    landed(home, "a.csv")
    with refresh_lock(home):
        assert "a refresh is running" in tick()[0].skip_message
    assert len(tick()[0].run_requests) == 1


def test_hidden_files_are_no_deliveries(home: Home) -> None:
    landed(home, ".a.csv.part")
    assert "no files" in tick()[0].skip_message


@pytest.fixture
def webhook():  # type: ignore[no-untyped-def]
    """A server on loopback that keeps what is posted to it."""
    received: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook/s3cret", received
    server.shutdown()
    server.server_close()


def test_a_blocked_night_is_told_with_its_reasons(  # type: ignore[no-untyped-def]
    home: Home, webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    import duckdb

    url, received = webhook
    monkeypatch.setenv("MY_HOOK", url)
    home.settings_file.write_text("alerts: {webhook_url_env: MY_HOOK}\n")
    with duckdb.connect(str(home.build_database)) as connection:
        insert_results(
            connection,
            [
                Result(
                    "run-1", 1, "unique_key", "crm.account", "id", "critical", "failed", "2 rows",
                    "0 rows", 2, "id=7", "Two accounts share a key", "Merge them in the CRM",
                    datetime(2025, 7, 15),
                )
            ],
        )  # fmt: skip
    assert tell(home, "run-1", "fallback") == []
    (message,) = received
    assert "night blocked" in message["text"]
    assert (
        "crm.account: Two accounts share a key (2 rows). Merge them in the CRM" in message["text"]
    )


def test_a_failed_night_without_results_is_told_with_its_error(  # type: ignore[no-untyped-def]
    home: Home, webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, received = webhook
    monkeypatch.setenv("MY_HOOK", url)
    home.settings_file.write_text("alerts: {webhook_url_env: MY_HOOK}\n")
    assert tell(home, "run-1", "disk full") == []
    assert "the refresh failed" in received[0]["text"]
    assert "disk full" in received[0]["text"]


def test_no_alert_is_sent_unless_settings_name_someone(home: Home) -> None:
    assert tell(home, "run-1", "anything") == []


def test_a_broken_alert_says_so_and_never_shows_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MY_HOOK", raising=False)
    hook = Alerts(webhook_url_env="MY_HOOK")
    assert "MY_HOOK holds no http(s) address" in alert(hook, "s", "m")[0]
    monkeypatch.setenv("MY_HOOK", "http://127.0.0.1:9/s3cret")
    (problem,) = alert(hook, "s", "m")
    assert "webhook of MY_HOOK" in problem
    assert "s3cret" not in problem
    monkeypatch.delenv("SMTP_HOST", raising=False)
    assert "SMTP_HOST is not set" in alert(Alerts(email=("a@example.com",)), "s", "m")[0]


def test_dagster_home_switches_telemetry_and_pop_ups_off(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    dagster_home(home)
    config = yaml.safe_load((home.dagster / "dagster.yaml").read_text())
    assert config["telemetry"] == {"enabled": False}
    assert config["nux"] == {"enabled": False}
    assert os.environ["DAGSTER_HOME"] == str(home.dagster)


def test_the_alert_sensor_runs_by_default_and_the_landing_sensor_does_not() -> None:
    assert alert_sensor().default_status == DefaultSensorStatus.RUNNING
    assert new_files_in_landing.default_status == DefaultSensorStatus.STOPPED


LOOK = """
import json, warnings
warnings.filterwarnings("ignore")
from orchestration.definitions import defs, transform
graph = defs.resolve_asset_graph()
job = defs.resolve_job_def("refresh")
keys = list(graph.get_all_asset_keys())
print(json.dumps({
    "external": [key.to_user_string() for key in graph.external_asset_keys],
    "ungrouped": [k.to_user_string() for k in keys if graph.get(k).group_name == "default"],
    "unkind": [k.to_user_string() for k in keys if not graph.get(k).kinds],
    "ownerless": [k.to_user_string() for k in keys if not graph.get(k).owners],
    "silent": [k.to_user_string() for k in keys if not graph.get(k).description],
    "late": [k.to_user_string() for k in keys if graph.get(k).freshness_policy],
    "with_sql": [k.to_user_string() for k in keys if "select " in (graph.get(k).description or "")],
    "release": sorted({k.path[0] for k in graph.get(keys[0].__class__(["release"])).parent_keys}),
    "checks": len(graph.asset_check_keys),
    "in_job": sorted({k.path[0] for k in job.asset_layer.executable_asset_keys}),
    "schedules": [each.name for each in defs.schedules],
}))
"""


def test_definitions_load_with_an_empty_home_and_show_no_phantom_assets(home: Home) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["external"] == []
    assert found["ungrouped"] == []
    assert found["unkind"] == []
    assert found["ownerless"] == []
    assert found["silent"] == []
    assert found["late"] == ["release"]
    assert found["with_sql"] == []
    assert found["release"] == ["kpis", "marts"]
    assert {"raw", "staging", "marts", "kpis", "meta", "release"} <= set(found["in_job"])
    assert found["checks"] > 100
    assert found["schedules"] == ["nightly"]
    assert not home.build_database.exists()
    assert not home.landing.exists()
    assert JOB == "refresh"


def test_a_night_is_late_three_hours_after_it_should_have_started() -> None:
    policy = release_freshness(Settings.model_validate({"schedule": {"time": "23:05"}}))
    assert (policy.deadline_cron, policy.timezone) == ("5 2 * * *", "Europe/Berlin")
    assert policy.lower_bound_delta.total_seconds() == 3 * 3600
