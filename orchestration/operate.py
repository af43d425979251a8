"""Running it: the job, its schedule and sensors, and the hook that tells people of a bad night."""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import yaml
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    FreshnessPolicy,
    MaterializeResult,
    RunFailureSensorContext,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    asset,
    define_asset_job,
    in_process_executor,
    run_failure_sensor,
    schedule,
    sensor,
)
from sqlalchemy import event
from sqlalchemy.engine import Engine

from orchestration import report
from orchestration.alerts import alert
from orchestration.home import Home, Settings, last_local_midnight, load_settings
from orchestration.lock import holder
from orchestration.pages import write_night
from orchestration.resources import HomeResource

JOB = "refresh"
STARTED_BY = "warehouse/started_by"
# A night that has published nothing by then is shown as late.
LATE_HOURS = 3
# A file that changed this recently may still be written.
SETTLED_SECONDS = 60

refresh_job = define_asset_job(
    JOB,
    selection=AssetSelection.all(),
    executor_def=in_process_executor,
    description="Load what is new, check it, rebuild every KPI, check them, publish one release.",
    tags={"warehouse/job": JOB},
)


def run_config(
    as_of: str | None = None, *, full_refresh: bool = False, log_level: str = "INFO"
) -> dict[str, object]:
    """Run configuration of the job: the instant (None: last local midnight) and how dbt builds."""
    return {
        "resources": {"clock": {"config": {"as_of": as_of}}},
        "ops": {"transform": {"config": {"full_refresh": full_refresh}}},
        "loggers": {"console": {"config": {"log_level": log_level}}},
    }


def deliveries_asset(raw: Iterable[AssetsDefinition]) -> AssetsDefinition:
    """meta.feed_load as an asset: ingest writes it while it loads, and models read it."""

    @asset(
        key=AssetKey(["meta", "feed_load"]),
        deps=sorted(key for each in raw for key in each.keys),
        group_name="meta",
        owners=["team:data"],
        kinds={"duckdb", "table"},
        description="One row per delivered file: what came in, what was loaded, what was rejected.",
    )
    def feed_load(context: AssetExecutionContext, home: HomeResource) -> MaterializeResult:
        database = home.get().build_database
        if not database.exists():
            return MaterializeResult(metadata={"dagster/row_count": 0})
        ever = report.loads(database) or {}
        new = report.loads(database, context.run_id) or {}
        return MaterializeResult(
            metadata={
                "dagster/row_count": ever.get("files", 0),
                **{name.replace("_", " "): count for name, count in new.items()},
            }
        )

    return feed_load


def nightly(settings: Settings) -> ScheduleDefinition:
    """The schedule of the settings: once a night, for the last midnight of the reporting zone."""
    hour, minute = (int(part) for part in settings.schedule.time.split(":"))
    zone = settings.schedule.timezone or settings.zone.key

    @schedule(
        name="nightly",
        job_name=JOB,
        cron_schedule=f"{minute} {hour} * * *",
        execution_timezone=zone,
        default_status=DefaultScheduleStatus.STOPPED,
        description=f"Every night at {settings.schedule.time} ({zone}).",
    )
    def evaluate(context: ScheduleEvaluationContext) -> RunRequest:
        as_of = last_local_midnight(settings.zone, context.scheduled_execution_time)
        return RunRequest(
            run_key=context.scheduled_execution_time.isoformat(),
            run_config=run_config(as_of.isoformat()),
            tags={STARTED_BY: "schedule", "warehouse/as_of": as_of.isoformat()},
        )

    return evaluate


def release_freshness(settings: Settings) -> FreshnessPolicy:
    """A release is late when three hours after the night's start there is none of that night."""
    hour, minute = (int(part) for part in settings.schedule.time.split(":"))
    return FreshnessPolicy.cron(
        deadline_cron=f"{minute} {(hour + LATE_HOURS) % 24} * * *",
        lower_bound_delta=timedelta(hours=LATE_HOURS),
        timezone=settings.schedule.timezone or settings.zone.key,
    )


@sensor(
    name="new_files_in_landing",
    job_name=JOB,
    minimum_interval_seconds=60,
    default_status=DefaultSensorStatus.STOPPED,
    description="Asks for a refresh when files in landing are new or changed, and settled.",
)
def new_files_in_landing(context: SensorEvaluationContext) -> Iterator[RunRequest | SkipReason]:
    """Compare names, sizes and times of the files in landing with those of the last request."""
    home = Home.from_env()
    if running := holder(home):
        yield SkipReason(f"a refresh is running ({running})")
        return
    digest, newest = landing_state(home)
    if not digest:
        yield SkipReason(f"there are no files in {home.landing}")
    elif digest == context.cursor:
        yield SkipReason("nothing new since the last request")
    elif time.time() - newest < SETTLED_SECONDS:
        yield SkipReason("the newest file changed less than a minute ago; waiting for it to settle")
    else:
        context.update_cursor(digest)
        yield RunRequest(run_key=digest, run_config=run_config(), tags={STARTED_BY: "sensor"})


def landing_state(home: Home) -> tuple[str, float]:
    """A hash of names, sizes and times of the files in landing, and the newest time (seconds).

    The hash is empty when there are no files.
    """
    digest = hashlib.sha256()
    newest = 0.0
    files = report.landing_files(home)
    for path in files:
        state = path.stat()
        newest = max(newest, state.st_mtime)
        name = str(path.relative_to(home.landing))
        digest.update(f"{json.dumps(name)} {state.st_size} {state.st_mtime_ns}\n".encode())
    return (digest.hexdigest() if files else ""), newest


def alert_sensor() -> SensorDefinition:
    """Tells people of every failed or blocked run that the command line has not told them of."""

    @run_failure_sensor(
        name="alert_on_failed_night",
        default_status=DefaultSensorStatus.RUNNING,
        monitor_all_code_locations=False,
        description="Sends the reasons of a failed or blocked run to whom settings.yml names.",
    )
    def evaluate(context: RunFailureSensorContext) -> None:
        if context.dagster_run.tags.get(STARTED_BY) == "command line":
            return
        home = Home.from_env()
        for problem in tell(home, context.dagster_run.run_id, context.failure_event.message or ""):
            context.log.error(problem)

    return evaluate


def tell(home: Home, run_id: str, fallback: str) -> list[str]:
    """Leave the page of a bad night, and send its reasons as settings say.

    Returns what went wrong with sending.
    """
    settings = load_settings(home)
    write_night(home, settings, run_id)
    alerts = settings.alerts
    if not alerts.webhook_url_env and not alerts.email:
        return []
    try:
        results = report.quality(home, run_id)
    except Exception:  # another refresh holds the database by now; the event still says what broke
        results = []
    critical = report.failed(results, "critical")
    broken = [each for each in critical if each["status"] == "error"]
    blocked = bool(critical) and not broken
    subject = (
        f"Warehouse {home.root.name}: night blocked, the last release is still served"
        if blocked
        else f"Warehouse {home.root.name}: the refresh failed, the last release is still served"
    )
    lines = [
        f"- {each['subject']}: {report.finding(each)} ({each['observed']}). {each['remedy']}"
        for each in critical[:20]
    ] or [fallback]
    return alert(alerts, subject, "\n".join([*lines, "More: `warehouse status`"]))


DAGSTER_YAML = {
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
    # Two nights never run at once: the second one waits for its turn instead of being refused.
    "concurrency": {"runs": {"max_concurrent_runs": 1}},
}


def dagster_home(home: Home) -> Path:
    """Make DAGSTER_HOME with its dagster.yaml, and point this process at it."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    file = home.dagster / "dagster.yaml"
    if not file.exists():
        temporary = file.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(yaml.safe_dump(DAGSTER_YAML), encoding="utf-8")
        os.replace(temporary, file)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ["WAREHOUSE_HOME"] = str(home.root)
    return home.dagster


@event.listens_for(Engine, "connect")
def _quick_history(connection: object, _record: object) -> None:
    """Dagster's run history does not wait for the disk.

    Dagster writes some events per check, each in a transaction and a connection of its own; waiting
    for the disk each time made 600 checks take a minute on a busy machine, 10 s without. A killed
    process loses nothing; a power cut may cost the history of runs, never the data.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("pragma synchronous = off")


def close_interrupted(instance: DagsterInstance) -> int:
    """Mark runs as failed whose process is gone; call it only while holding or past the lock."""
    unfinished = instance.get_runs(
        RunsFilter(job_name=JOB, statuses=[DagsterRunStatus.STARTED, DagsterRunStatus.STARTING])
    )
    for run in unfinished:
        instance.report_run_failed(run, "The process of this run ended before the run did.")
    return len(unfinished)
