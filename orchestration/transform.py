"""dbt: the models as Dagster assets, its tests as asset checks, and gate 2 in meta.quality_result.

dbt runs inside this process: it dies with the run (no orphan keeps writing into the build database
after a kill) and is parsed once. It reads the checkout and writes only below $WAREHOUSE_HOME/dbt.
"""

import fcntl
import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    Config,
    Failure,
    MaterializeResult,
    MetadataValue,
)
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject, dbt_assets

from orchestration import restatement
from orchestration.console import counted
from orchestration.home import PROJECT_ROOT, Home, Settings, load_settings
from orchestration.pages import DBT_DOCS
from orchestration.quality import Result, insert_results
from orchestration.resources import HomeResource, RunClock
from orchestration.version import fingerprint, project_files

PROFILE = "profiles.example.yml"
OWN_PROFILE = "profiles.yml"
TESTS = "test"
BUILT = ("model", "seed", "snapshot")
SAMPLE_ROWS = 5
# What a message may show of a failing row: keys, periods and measures, never names or texts.
SHOWN_COLUMN = re.compile(
    r"(_id|_key|_date|_month|_start|_end|_at|_count|_rows|_amount)$"
    r"|^(grain|dim_name|kpi_id|period|numerator|denominator|value|n_records|difference)$"
)

Progress = Callable[[int, int, str], None]


class Fault(Failure):
    """Something is broken: the night ends with exit code 1."""

    def __init__(self, description: str) -> None:
        super().__init__(description=description, metadata={"outcome": "fault"})


class Blocked(Failure):
    """A gate found bad data: nothing is published, exit code 2."""

    def __init__(self, description: str) -> None:
        super().__init__(description=description, metadata={"outcome": "blocked"})


@dataclass(frozen=True)
class NodeResult:
    """What dbt says about one node: `status` is success, pass, warn, fail, error or skipped."""

    unique_id: str
    resource_type: str
    status: str
    message: str
    failures: int | None
    seconds: float
    compiled_code: str


# ---------------------------------------------------------------------------------------------
# The project and its manifest
# ---------------------------------------------------------------------------------------------


def parse_folder(home: Home) -> Path:
    """Where the manifest that Dagster reads is kept; builds write into target/, not here."""
    return home.dbt / "parse"


def profiles_folder(home: Home) -> Path:
    """The folder with profiles.yml: the checkout if it has one of its own, else the home's copy."""
    if (PROJECT_ROOT / OWN_PROFILE).exists():
        return PROJECT_ROOT
    home.dbt.mkdir(parents=True, exist_ok=True)
    copy = home.dbt / OWN_PROFILE
    text = (PROJECT_ROOT / PROFILE).read_text(encoding="utf-8")
    if not copy.exists() or copy.read_text(encoding="utf-8") != text:
        temporary = copy.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, copy)
    return home.dbt


def dbt_project(home: Home) -> DbtProject:
    """The dbt project as dagster-dbt sees it."""
    return DbtProject(
        project_dir=PROJECT_ROOT,
        target_path=parse_folder(home),
        profiles_dir=profiles_folder(home),
    )


def read_manifest(home: Home, settings: Settings) -> dict[str, Any]:
    """The manifest of the project, parsed again when a file or a setting changed since."""
    manifest = parse_folder(home) / "manifest.json"
    with _parse_lock(home):
        if not manifest.exists() or _read_stamp(home) != _stamp(settings):
            _parse(home, settings)
        return dict(json.loads(manifest.read_text(encoding="utf-8")))


def _stamp_file(home: Home) -> Path:
    return parse_folder(home) / "stamp"


def _read_stamp(home: Home) -> str | None:
    """What the manifest was made of; None when it is not known to be whole."""
    try:
        return _stamp_file(home).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _stamp(settings: Settings) -> str:
    """Changes whenever a project file or a setting that dbt sees does."""
    digest = hashlib.sha256(json.dumps(settings.dbt_vars(), sort_keys=True).encode())
    profiles = [PROJECT_ROOT / PROFILE, PROJECT_ROOT / OWN_PROFILE]
    for path in [*project_files(), *(each for each in profiles if each.exists())]:
        if path.suffix != ".py":
            state = path.stat()
            digest.update(f"{path} {state.st_mtime_ns} {state.st_size}\n".encode())
    return digest.hexdigest()


@contextmanager
def _parse_lock(home: Home) -> Iterator[None]:
    """The web server, the daemon and a refresh may load the definitions at the same moment."""
    folder = parse_folder(home)
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _parse(home: Home, settings: Settings) -> Any:
    """Parse the project without as_of and run_id; return dbt's manifest object."""
    stamp = _stamp(settings)
    # dbt writes the manifest in place: killed meanwhile, it leaves half of one.
    _stamp_file(home).unlink(missing_ok=True)
    outcome = _invoke(home, ["parse"], settings.dbt_vars(), parse_folder(home))
    if not outcome.success:
        raise Fault(f"dbt cannot read the project: {_first_words(outcome.exception)}")
    _stamp_file(home).write_text(stamp)
    return outcome.result


def _invoke(
    home: Home,
    command: Sequence[str],
    variables: Mapping[str, Any],
    target: Path,
    *,
    manifest: Any = None,
    callbacks: Sequence[Callable[[Any], None]] = (),
) -> Any:
    """Run one dbt command in this process; return its dbtRunnerResult."""
    from dbt.cli.main import dbtRunner

    # profiles.yml finds the build database by this variable.
    os.environ["WAREHOUSE_HOME"] = str(home.root)
    os.environ.setdefault("DO_NOT_TRACK", "1")
    runner = dbtRunner(manifest=manifest, callbacks=list(callbacks))
    return runner.invoke(
        [
            *("--log-level", "none", "--log-level-file", "info", "--no-use-colors"),
            *("--log-path", str(home.dbt / "logs")),
            *command,
            *("--project-dir", str(PROJECT_ROOT)),
            *("--profiles-dir", str(profiles_folder(home))),
            *("--target-path", str(target)),
            *("--vars", json.dumps(dict(variables))),
        ]
    )


def _first_words(error: object, limit: int = 1500) -> str:
    text = str(error or "unknown error").strip()
    return text if len(text) <= limit else text[:limit] + " ..."


# ---------------------------------------------------------------------------------------------
# The build
# ---------------------------------------------------------------------------------------------


def build(
    home: Home,
    settings: Settings,
    *,
    as_of: datetime,
    run_id: str,
    full_refresh: bool = False,
    models: Sequence[str] = (),
    progress: Progress | None = None,
) -> list[NodeResult]:
    """Run `dbt build` on the whole project, or on the models named; return a result per node.

    `as_of` is aware. Raises Fault when dbt could not run at all; failed nodes are in the results.
    """
    with _parse_lock(home):
        manifest = _parse(home, settings)
    variables = {
        **settings.dbt_vars(),
        "as_of": as_of.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "run_id": run_id,
    }
    command = ["build", "--exclude-resource-type", "unit_test"]
    if full_refresh:
        command.append("--full-refresh")
    if models:
        command += ["--indirect-selection", "cautious", "--select", *models]
    # The project was parsed without as_of, so nothing of an earlier run's clock can be in it, and
    # handing the manifest over saves the full parse that new variables would cost.
    outcome = _invoke(
        home,
        command,
        variables,
        home.dbt / "target",
        manifest=manifest,
        callbacks=[_reporter(progress)] if progress else [],
    )
    if outcome.result is not None and not models:
        _write_docs(home, variables, manifest)
    _close_connections()
    if outcome.result is None:
        raise Fault(f"dbt build did not run: {_first_words(outcome.exception)}")
    return [_node_result(each) for each in outcome.result.results]


def docs_file(home: Home) -> Path:
    """dbt's documentation of the last whole build, one self-contained page; may not exist."""
    return home.dbt / DBT_DOCS


def _write_docs(home: Home, variables: Mapping[str, Any], manifest: Any) -> None:
    """dbt's own documentation, from the manifest and the catalog of the build that just ended.

    It takes a second, and no night fails for it.
    """
    command = ["docs", "generate", "--static", "--no-compile"]
    outcome = _invoke(home, command, variables, home.dbt / "target", manifest=manifest)
    if not outcome.success:
        logging.getLogger(__name__).warning(
            "dbt docs were not written: %s", _first_words(outcome.exception)
        )


def numbers_id(home: Home, settings: Settings, as_of: datetime) -> str:
    """The run_id of kpi_values: the same inputs, instant, settings and code give the same one.

    It is the beginning of the fingerprint in the release's manifest, so that a night run again
    publishes the same bytes; the run of Dagster is in meta.release.
    """
    with duckdb.connect(str(home.build_database), read_only=True) as connection:
        rows = connection.execute(
            "select distinct source_file, file_sha256 from meta.feed_load where is_current"
        ).fetchall()
    inputs = [{"file": file, "sha256": digest} for file, digest in rows]
    return fingerprint(inputs, as_of, settings)[:16]


def _node_result(result: Any) -> NodeResult:
    return NodeResult(
        unique_id=result.node.unique_id,
        resource_type=str(result.node.resource_type),
        status=str(result.status),
        message=(result.message or "").strip(),
        failures=result.failures,
        seconds=result.execution_time,
        compiled_code=getattr(result.node, "compiled_code", None) or "",
    )


def _reporter(progress: Progress) -> Callable[[Any], None]:
    """A dbt callback that tells how many nodes of how many are done."""
    done = 0

    def report(event: Any) -> None:
        nonlocal done
        if event.info.name in ("LogModelResult", "LogSeedResult", "LogTestResult"):
            done += 1
            data = event.data
            # A test's event calls the number of all nodes num_models.
            total = getattr(data, "total", 0) or getattr(data, "num_models", 0)
            progress(done, total, data.node_info.node_name)

    return report


def _close_connections() -> None:
    """Let go of the build database: a later read-only connection in this process needs that."""
    from dbt.adapters.factory import cleanup_connections

    cleanup_connections()


# ---------------------------------------------------------------------------------------------
# Gate 2
# ---------------------------------------------------------------------------------------------


def record_dbt_results(
    home: Home, run_id: str, results: Sequence[NodeResult], manifest: Mapping[str, Any]
) -> list[Result]:
    """Write every dbt test's result into meta.quality_result as gate 2, and return them.

    A broken test has the status error (a fault of ours, not of the data). Skipped tests leave no
    row: what made dbt skip them has one.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    tests = [each for each in results if each.resource_type == TESTS and each.status != "skipped"]
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute("set timezone = 'UTC'")
        found = [_quality_row(connection, manifest, each, run_id, now) for each in tests]
        insert_results(connection, found)
    return found


def record_restatements(home: Home, run_id: str, as_of: datetime, tolerance: float) -> None:
    """Write into meta.quality_result, as gate 2, which published values moved."""
    result = restatement.check(home, run_id, as_of, tolerance)
    if result is not None:
        with duckdb.connect(str(home.build_database)) as connection:
            insert_results(connection, [result])


def _quality_row(
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    result: NodeResult,
    run_id: str,
    now: datetime,
) -> Result:
    node = manifest["nodes"][result.unique_id]
    config = node.get("config", {})
    meta = {**node.get("meta", {}), **config.get("meta", {})}
    critical = str(config.get("severity", "error")).lower() != "warn"
    bad = result.status in ("fail", "warn")
    broken = result.status not in ("pass", "fail", "warn")
    subject = _subject(manifest, node)
    rows = result.failures or 0
    described = str(node.get("description") or meta.get("description") or _comment(node))
    described = " ".join(described.split())
    if broken:
        message = f"the test itself failed: {_first_words(result.message, 500)}"
        remedy = f"Correct the test {node['original_file_path']} or the model it reads"
    elif bad:
        message = described or f"{counted(rows, 'row')} of {subject} against {node['name']}"
        remedy = str(
            meta.get("remedy")
            or "Look at the rows with `warehouse sql --build --file "
            f"{home_relative(node, manifest)}`, correct them at their source and deliver again"
        )
    else:
        message, remedy = described, ""
    return Result(
        run_id=run_id,
        gate=2,
        check_name=node["name"],
        subject=subject,
        column_name=node.get("column_name"),
        severity="critical" if critical and result.status != "warn" else "warning",
        status="error" if broken else "failed" if bad else "passed",
        observed=None if broken else counted(rows, "row"),
        threshold=_threshold(config, critical),
        unexpected_count=None if broken else rows,
        sample_keys=_sample(connection, node, result) if bad else None,
        message=message,
        remedy=remedy,
        checked_at=now,
    )


def _comment(node: Mapping[str, Any]) -> str:
    """The comment at the head of a test's own SQL file: what it asserts, in words."""
    code = re.sub(r"\{\{.*?\}\}|\{#.*?#\}", "", str(node.get("raw_code") or ""), flags=re.DOTALL)
    if node.get("attached_node"):
        return ""  # a generic test: the code is a call of its macro
    words = []
    for line in code.strip().splitlines():
        if not line.startswith("--"):
            break
        words.append(line.removeprefix("--").strip())
    return " ".join(words)


def home_relative(node: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """Where dbt wrote the SQL of a test that finds the failing rows, relative to the home."""
    package = manifest["metadata"]["project_name"]
    folder = Path("dbt") / "target" / "compiled" / package / node["original_file_path"]
    return str(folder if folder.name == node["path"] else folder / node["path"])


def _threshold(config: Mapping[str, Any], critical: bool) -> str:
    rule = str(config.get("error_if" if critical else "warn_if") or "!= 0")
    return "0 rows" if rule == "!= 0" else f"not {rule} rows"


def _subject(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    """The model or source table that a test is about."""
    attached = node.get("attached_node") or next(iter(node["depends_on"]["nodes"]), None)
    if attached in manifest["sources"]:
        source = manifest["sources"][attached]
        return f"{source['source_name']}.{source['name']}"
    return str(manifest["nodes"][attached]["name"]) if attached else str(node["name"])


def _sample(
    connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any], result: NodeResult
) -> str | None:
    """Keys of some failing rows, as `column=value` text; nothing that could be a person's data."""
    try:
        found = connection.execute(
            f"select * from ({result.compiled_code}) as failing limit {SAMPLE_ROWS}"
        )
        names = [each[0] for each in found.description or []]
        rows = found.fetchall()
    except duckdb.Error:
        return None  # the count is known; a sample is a courtesy
    tested = node.get("column_name") or ""
    aliases = {"unique_field", "value_field", "from_field"}
    shown = [
        (index, tested if name in aliases else name)
        for index, name in enumerate(names)
        if SHOWN_COLUMN.search(tested if name in aliases else name)
    ]
    samples = [", ".join(f"{name}={row[index]}" for index, name in shown) for row in rows]
    return "; ".join(each for each in samples if each) or None


def judge(results: Sequence[NodeResult], checks: Sequence[Result]) -> None:
    """Raise Fault for a broken node or test, Blocked for a failed critical test."""
    broken = [
        f"{each.unique_id.split('.')[2]}: {_first_words(each.message, 800)}"
        for each in results
        if each.status in ("error", "runtime error", "partial success")
    ]
    if broken:
        raise Fault(
            f"dbt could not build {counted(len(broken), 'node')}:\n" + "\n".join(broken[:10])
        )
    failed = [each for each in checks if each.status == "failed" and each.severity == "critical"]
    if failed:
        lines = [f"{each.check_name} on {each.subject}: {each.observed}" for each in failed[:20]]
        raise Blocked(
            f"gate 2: {counted(len(failed), 'critical check')} failed:\n" + "\n".join(lines)
        )


def record_build(home: Home, run_id: str, as_of: datetime) -> None:
    """Note that the build database holds the whole, checked result of a run.

    A release is made only of a database whose last note is by the same run.
    """
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute("create schema if not exists meta")
        connection.execute(
            "create table if not exists meta.build"
            " (run_id varchar, as_of timestamp, finished_at timestamp)"
        )
        now = datetime.now(UTC).replace(tzinfo=None)
        connection.execute(
            "insert into meta.build values (?, ?, ?)",
            [run_id, as_of.astimezone(UTC).replace(tzinfo=None), now],
        )


def forget_build(home: Home) -> None:
    """From here until `record_build` the build database holds a half-made result."""
    docs_file(home).unlink(missing_ok=True)
    if home.build_database.exists():
        with duckdb.connect(str(home.build_database)) as connection:
            connection.execute("drop table if exists meta.build")


# ---------------------------------------------------------------------------------------------
# Assets
# ---------------------------------------------------------------------------------------------


class Translator(DagsterDbtTranslator):
    """How the nodes of the dbt project look in Dagster."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """[schema, name]; a source table is the raw asset that ingest fills."""
        node = dbt_resource_props
        if node["resource_type"] != "source":
            # versions of one model differ in their alias alone
            return AssetKey([node["schema"], node.get("alias") or node["name"]])
        if node["source_name"] == "meta":
            return AssetKey(["meta", node["name"]])
        return AssetKey(["raw", node["source_name"], node["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The folder: staging_contract, marts_revenue, kpis_sales, seeds."""
        node = dbt_resource_props
        if node["resource_type"] == "source":
            return str(node["source_name"])
        folders = node["fqn"][1:-1] if node["resource_type"] != "seed" else ["seeds"]
        return re.sub(r"\W", "_", "_".join(folders)) or None

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """The description of the YAML, without the SQL that dagster-dbt would add."""
        return str(dbt_resource_props.get("description") or "").strip()

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        """`owner` or `owners` of meta: an e-mail address or a team."""
        meta = {
            **dbt_resource_props.get("meta", {}),
            **dbt_resource_props.get("config", {}).get("meta", {}),
        }
        named = meta.get("owners") or meta.get("owner") or []
        named = [named] if isinstance(named, str) else named
        return [
            each if "@" in each else "team:" + re.sub(r"\W+", "_", each.removeprefix("team:"))
            for each in named
        ]

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> AssetSpec:
        """The default, with kinds that say how a node is built."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = self.get_resource_props(manifest, unique_id)
        if node["resource_type"] == "source":
            return spec
        # A staging model without words of its own is described as the table that it stages.
        sources = [
            manifest["sources"][each]["description"]
            for each in node.get("depends_on", {}).get("nodes", [])
            if each in manifest.get("sources", {})
        ]
        if not spec.description and sources:
            spec = spec.replace_attributes(description=sources[0].strip())
        engine = manifest.get("metadata", {}).get("adapter_type") or "duckdb"
        how = node.get("config", {}).get("materialized") or node["resource_type"]
        return spec.replace_attributes(kinds={"dbt", engine, how})


class BuildConfig(Config):
    """How to run dbt: `full_refresh` rebuilds incremental models from all their rows."""

    full_refresh: bool = False


def transform_assets(home: Home, settings: Settings) -> AssetsDefinition:
    """Every model and seed as an asset and every test as a check, built by one dbt run."""
    manifest = read_manifest(home, settings)
    translator = Translator(
        settings=DagsterDbtTranslatorSettings(
            enable_source_tests_as_checks=True, enable_code_references=True
        )
    )
    project = dbt_project(home)

    @dbt_assets(
        manifest=manifest,
        project=project,
        dagster_dbt_translator=translator,
        exclude="resource_type:unit_test",
        name="transform",
    )
    def transform(
        context: AssetExecutionContext, config: BuildConfig, home: HomeResource, clock: RunClock
    ) -> Iterator[Any]:
        place = home.get()
        own = load_settings(place)
        instant = clock.instant(own)
        keys = {
            unique_id: translator.get_asset_spec(manifest, unique_id, project).key
            for unique_id, node in manifest["nodes"].items()
            if node["resource_type"] in BUILT
        }
        forget_build(place)
        results = build(
            place,
            own,
            as_of=instant,
            run_id=numbers_id(place, own, instant),
            full_refresh=config.full_refresh,
            models=_selected(context, manifest, keys),
            progress=_log_progress(context),
        )
        unknown = [each.unique_id for each in results if each.unique_id not in manifest["nodes"]]
        if unknown:
            raise Fault(
                f"the project changed while the run was under way ({unknown[0]} is new); "
                "nothing was published, start the refresh again"
            )
        checks = record_dbt_results(place, context.run_id, results, manifest)
        if not context.is_subset:
            record_restatements(place, context.run_id, instant, own.restatement_tolerance)
        yield from _materializations(place, results, manifest, keys)
        yield from _check_results(context, results, checks, manifest, keys)
        judge(results, checks)
        if not context.is_subset:
            record_build(place, context.run_id, instant)

    return transform


def _selected(
    context: AssetExecutionContext, manifest: Mapping[str, Any], keys: Mapping[str, AssetKey]
) -> list[str]:
    """dbt selectors of the models that a partial run asks for; empty for the whole project."""
    if not context.is_subset:
        return []
    return [
        ".".join(manifest["nodes"][unique_id]["fqn"])
        for unique_id, key in keys.items()
        if key in context.selected_asset_keys
    ]


def _log_progress(context: AssetExecutionContext, every_seconds: float = 5.0) -> Progress:
    """Progress for the run's log: at most one line in some seconds."""
    last = time.monotonic()

    def report(done: int, total: int, name: str) -> None:
        nonlocal last
        for listener in progress_listeners:
            listener(done, total, name)
        if time.monotonic() - last >= every_seconds:
            last = time.monotonic()
            context.log.info(f"{done} of {total} dbt nodes done, the last one {name}")

    return report


# The command line shows progress while it waits; it runs the job in its own process.
progress_listeners: list[Progress] = []


def _materializations(
    home: Home,
    results: Sequence[NodeResult],
    manifest: Mapping[str, Any],
    keys: Mapping[str, AssetKey],
) -> Iterator[MaterializeResult]:
    built = [each for each in results if each.resource_type in BUILT and each.status == "success"]
    with duckdb.connect(str(home.build_database), read_only=True) as connection:
        counts = dict(
            connection.execute(
                "select schema_name || '.' || table_name, estimated_size from duckdb_tables()"
                " where not internal"
            ).fetchall()
        )
    for each in built:
        node = manifest["nodes"][each.unique_id]
        metadata: dict[str, Any] = {"seconds": round(each.seconds, 3)}
        rows = counts.get(f"{node['schema']}.{node.get('alias') or node['name']}")
        if rows is not None:
            metadata["dagster/row_count"] = rows
        yield MaterializeResult(asset_key=keys[each.unique_id], metadata=metadata)


def _check_results(
    context: AssetExecutionContext,
    results: Sequence[NodeResult],
    checks: Sequence[Result],
    manifest: Mapping[str, Any],
    keys: Mapping[str, AssetKey],
) -> Iterator[AssetCheckResult]:
    """One asset check result for each test that Dagster knows as a check of this run."""
    wanted = {key.name: key for key in context.selected_asset_check_keys}
    written = {each.check_name: each for each in checks}
    for each in results:
        name = manifest["nodes"][each.unique_id]["name"] if each.resource_type == TESTS else None
        if name not in wanted or name not in written:
            continue
        found = written[name]
        yield AssetCheckResult(
            asset_key=wanted[name].asset_key,
            check_name=name,
            passed=found.status == "passed",
            severity=AssetCheckSeverity.ERROR
            if found.severity == "critical" or found.status == "error"
            else AssetCheckSeverity.WARN,
            description=found.message or None,
            metadata={
                "failing_rows": found.unexpected_count or 0,
                "threshold": found.threshold or "",
                **({"sample": MetadataValue.text(found.sample_keys)} if found.sample_keys else {}),
                **({"what to do": MetadataValue.md(found.remedy)} if found.remedy else {}),
            },
        )
