"""The verb `refresh`: runs the Dagster job in this process and says what happens, step by step."""

from __future__ import annotations

import logging
import time
import uuid
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import duckdb

from orchestration import postgres, report
from orchestration.console import Printer, counted
from orchestration.home import Home, Settings
from orchestration.lock import RefreshRunning, holder
from orchestration.releases import Release, served
from orchestration.storage import advice, require_writable

Outcome = Literal["published", "blocked", "fault"]
EXIT_CODES: dict[Outcome, int] = {"published": 0, "fault": 1, "blocked": 2}
PHASES = ("load", "gate 1", "transform", "gate 2", "release")
TITLES = dict(zip(PHASES, ("Load", "Gate 1", "Transform", "Gate 2", "Release"), strict=True))
QUIET_PROGRESS_SECONDS = 30.0


@dataclass
class Night:
    """What a run of the job came to."""

    run_id: str
    outcome: Outcome
    seconds: float
    steps: list[dict[str, Any]]
    results: list[report.Row]
    errors: list[str]
    release: Release | None


@dataclass
class Watcher:
    """Follows the events of a run: which step is at work, how long each took, what failed."""

    home: Home
    settings: Settings
    run_id: str
    printer: Printer
    gate_steps: frozenset[str]
    seconds: dict[str, float] = field(default_factory=dict)
    printed: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    _started: dict[str, float] = field(default_factory=dict)
    _shown: float = field(default_factory=time.monotonic)

    def phase(self, step: str) -> str:
        """The phase that a step of the job belongs to."""
        if step in ("transform", "release"):
            return step
        return "gate 1" if step in self.gate_steps else "load"

    def __call__(self, entry: Any) -> None:
        """Take one event of the run's log."""
        event = entry.dagster_event
        if event is None:
            return
        kind = event.event_type_value
        if kind == "STEP_START":
            phase = self.phase(event.step_key)
            self._started[event.step_key] = time.monotonic()
            self._shown = time.monotonic()
            if phase == "transform":
                self.finish("load", "gate 1")
            elif phase == "release":
                self.finish("transform", "gate 2")
            self.printer.update(f"{TITLES[phase]}: {event.step_key} ...")
        elif kind in ("STEP_SUCCESS", "STEP_FAILURE"):
            phase = self.phase(event.step_key)
            took = time.monotonic() - self._started.get(event.step_key, time.monotonic())
            self.seconds[phase] = self.seconds.get(phase, 0.0) + took
        if kind == "STEP_FAILURE":
            self.failed.add(self.phase(event.step_key))
            self._failure(event.step_key, event.event_specific_data)
        elif kind in ("RUN_FAILURE", "PIPELINE_FAILURE") and not self.errors:
            error = getattr(event.event_specific_data, "error", None)
            self.errors.append(_root_cause(error) or (event.message or "the run failed"))

    def _failure(self, step: str, data: Any) -> None:
        user = data.user_failure_data
        marked = user.metadata.get("outcome") if user else None
        if marked is not None:
            self.outcomes.append(str(getattr(marked, "value", marked)))
            self.errors.append(str(user.description or user.label))
        elif data.error and data.error.cls_name == "DagsterAssetCheckFailedError":
            self.outcomes.append("blocked")
        else:
            self.outcomes.append("fault")
            self.errors.append(f"{step}: {_root_cause(data.error) or 'failed'}")

    def progress(self, done: int, total: int, name: str) -> None:
        """Progress inside dbt."""
        self.printer.update(f"Transform: {done} of {total}, {name}")
        quiet = not self.printer.interactive
        if quiet and time.monotonic() - self._shown >= QUIET_PROGRESS_SECONDS:
            self._shown = time.monotonic()
            self.printer.line(f"    ... transform: {done} of {total}")

    def finish(self, *phases: str) -> None:
        """Print the lines of finished phases, once."""
        done = {each["step"] for each in self.printed}
        for phase in phases:
            if phase in done:
                continue
            counts, worst = self._counts(phase)
            took = self.seconds.get(phase)
            if phase in ("load", "gate 1") and took is None and not counts:
                continue
            mark = "✗" if worst == "failed" else "!" if worst == "warning" else "✓"
            self.printer.tick(mark, TITLES[phase], counts, took)
            self.printed.append(
                {"step": phase, "counts": counts, "seconds": round(took, 2) if took else None}
            )

    def _counts(self, phase: str) -> tuple[str, str]:
        """Counts of a phase in words, and the worst of: failed, warning, passed."""
        own = "failed" if phase in self.failed else "passed"
        try:
            if phase == "load":
                loaded = report.loads(self.home.build_database, self.run_id)
                if loaded is None:
                    return "", own
                text = (
                    f"{counted(loaded['files'], 'new file')}"
                    f" · {counted(loaded['rows_loaded'], 'row')}"
                    f" · {loaded['rows_rejected']:,} rejected"
                )
                if loaded["files_rejected"]:
                    text += f" · {counted(loaded['files_rejected'], 'file')} refused"
                bad = loaded["rows_rejected"] or loaded["files_rejected"]
                return text, own if own == "failed" or not bad else "warning"
            if phase in ("gate 1", "gate 2"):
                return self._gate(int(phase[-1]), own)
            if phase == "transform":
                return self._models(), own
        except duckdb.Error:
            return "", own
        made = served(self.home)
        if made is None:
            return "", own
        text = f"{made.release_id} · {len(made.tables)} tables"
        copied = postgres.last(self.home, self.settings)
        if copied and copied["release_id"] == made.release_id:
            text += " · PostgreSQL" if copied["pushed"] else " · not in PostgreSQL"
            own = own if copied["pushed"] or own == "failed" else "warning"
        return text, own

    def _gate(self, gate: int, own: str) -> tuple[str, str]:
        results = [each for each in report.quality(self.home, self.run_id) if each["gate"] == gate]
        critical = len(report.failed(results, "critical"))
        warned = len(report.failed(results, "warning"))
        text = counted(len(results), "check")
        text += f" · {critical:,} failed" if critical else ""
        text += f" · {counted(warned, 'warning')}" if warned else ""
        worst = "failed" if critical else "warning" if warned else own
        return text, worst

    def _models(self) -> str:
        found = report.rows(
            self.home.build_database,
            "select count(*) as n from duckdb_tables() where not internal"
            " and schema_name in ('intermediate', 'marts', 'kpis', 'seeds')"
            " and database_name = current_database()",
        )
        return f"{found[0]['n']:,} tables" if found else ""


def _root_cause(error: Any) -> str:
    """The innermost message of a serialised error, on its first lines."""
    if error is None:
        return ""
    while error.cause is not None:
        error = error.cause
    message = str(error.message).strip()
    return message.partition(": ")[2].strip() or message


def run(
    home: Home,
    settings: Settings,
    printer: Printer,
    *,
    as_of: datetime | None,
    full_refresh: bool = False,
    verbose: bool = False,
) -> Night:
    """Run the job `refresh` for an instant (None: last local midnight) and follow it.

    Raises RefreshRunning when another refresh of this home is at work, and StorageError when a
    folder cannot be written.
    """
    require_writable(home)
    if running := holder(home):
        raise RefreshRunning(home, running)
    began = time.monotonic()
    with printer.waiting("Reading the project ..."):
        if not verbose:
            warnings.filterwarnings("ignore")
            logging.getLogger("dagster").setLevel(logging.CRITICAL)
        from dagster import AssetChecksDefinition, DagsterInstance

        from orchestration import operate, transform

        operate.dagster_home(home)
        from orchestration.definitions import defs

        gate_steps = frozenset(
            each.op.name
            for each in defs.asset_checks or ()
            if isinstance(each, AssetChecksDefinition)
        )
        job = defs.resolve_job_def(operate.JOB)
        run_id = str(uuid.uuid4())
        watcher = Watcher(home, settings, run_id, printer, gate_steps)
        transform.progress_listeners.append(watcher.progress)
        try:
            with DagsterInstance.get() as instance:
                if running := holder(home):
                    raise RefreshRunning(home, running)
                operate.close_interrupted(instance)
                instance.add_event_listener(run_id, watcher)
                result = job.execute_in_process(
                    instance=instance,
                    run_id=run_id,
                    run_config=operate.run_config(
                        as_of.astimezone(UTC).isoformat() if as_of else None,
                        full_refresh=full_refresh,
                        log_level="INFO" if verbose else "CRITICAL",
                    ),
                    tags={operate.STARTED_BY: "command line"},
                    raise_on_error=False,
                )
        finally:
            transform.progress_listeners.remove(watcher.progress)
        _finish(watcher, result.success)
    outcome = _outcome(watcher, result.success)
    results = [] if not home.build_database.exists() else report.quality(home, run_id)
    if outcome != "published":
        message = "\n".join(watcher.errors)
        if (remedy := advice(home, message)) and outcome == "fault":
            watcher.errors.append(remedy)
            message = "\n".join(watcher.errors)
        for problem in operate.tell(home, run_id, message):
            printer.error(problem)
    return Night(
        run_id=run_id,
        outcome=outcome,
        seconds=time.monotonic() - began,
        steps=watcher.printed,
        results=results,
        errors=watcher.errors,
        release=served(home),
    )


def _finish(watcher: Watcher, success: bool) -> None:
    """Print the phases that no later step has printed."""
    if success:
        watcher.finish(*PHASES)
        return
    begun = [phase for phase in PHASES if phase in watcher.seconds]
    if "transform" in begun:
        begun.insert(begun.index("transform") + 1, "gate 2")
    watcher.finish(*begun)


def _outcome(watcher: Watcher, success: bool) -> Outcome:
    """Published; blocked when nothing but gates stopped the run; else a fault."""
    if success:
        return "published"
    if watcher.outcomes and all(each == "blocked" for each in watcher.outcomes):
        return "blocked"
    return "fault"
