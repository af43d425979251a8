"""From entity rows to published numbers: export files, loading, dbt, `kpi_values` - fast.

dbt is kept warm in this process: a project is parsed once, and every build gets a copy of its
manifest, a home of its own and its own variables.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
from oracle.book import Key, Row
from oracle.export import write_landing

from orchestration.home import PROJECT_ROOT, Home
from orchestration.ingest.load import load

Entities = dict[str, list[dict[str, Any]]]
FIELDS = (
    "numerator",
    "denominator",
    "value",
    "sample_size",
    "rejected_rows",
    "censored_rows",
    "is_complete",
    "is_mature",
    "status",
)
# Published as tables of their own.
TABLES = {"cohort_retention", "rfm_segment"}
LOADED_AT = datetime(2026, 6, 1, tzinfo=UTC)


class Published(NamedTuple):
    """What the warehouse says of one key of `kpi_values`; the names are those of the oracle."""

    numerator: float | None
    denominator: float | None
    value: float | None
    sample_size: int | None
    rejected_rows: int | None
    censored_rows: int | None
    is_complete: bool
    is_mature: bool
    status: str


class Node(NamedTuple):
    """What dbt says of one node: status is success, pass, warn, fail, error or skipped."""

    name: str
    resource_type: str
    status: str
    message: str


class Dbt:
    """A dbt project, parsed once; `work` holds its parse state and what builds compile."""

    def __init__(self, work: Path, project: Path = PROJECT_ROOT) -> None:
        self.project = project
        self.work = work
        self.work.mkdir(parents=True, exist_ok=True)
        self.manifest: Any = None

    def invoke(
        self, command: Sequence[str], home: Path, variables: Mapping[str, Any], target: Path
    ) -> Any:
        from dbt.adapters.factory import cleanup_connections
        from dbt.cli.main import dbtRunner

        profiles = self.work / "profiles"
        if not profiles.exists():
            profiles.mkdir()
            shutil.copy(PROJECT_ROOT / "profiles.example.yml", profiles / "profiles.yml")
        before = os.environ.get("WAREHOUSE_HOME")
        os.environ["WAREHOUSE_HOME"] = str(home)
        os.environ.setdefault("DO_NOT_TRACK", "1")
        try:
            return dbtRunner(manifest=self.manifest and self.manifest.deepcopy()).invoke(
                [
                    *("--log-level", "none", "--log-level-file", "none", "--no-use-colors"),
                    *("--log-path", str(self.work / "logs")),
                    *command,
                    *("--project-dir", str(self.project)),
                    *("--profiles-dir", str(profiles)),
                    *("--target-path", str(target)),
                    *("--vars", json.dumps(dict(variables))),
                ]
            )
        finally:
            cleanup_connections()
            if before is None:
                del os.environ["WAREHOUSE_HOME"]
            else:
                os.environ["WAREHOUSE_HOME"] = before

    def parse(self) -> Dbt:
        """Read the project, or what changed in it since the last time."""
        self.manifest = None
        outcome = self.invoke(["parse"], self.work, {}, self.work / "parse")
        assert outcome.success, outcome.exception
        self.manifest = outcome.result
        return self

    def build(
        self,
        home: Path,
        as_of: datetime,
        params: Mapping[str, Any],
        *arguments: str,
        threads: int = 4,
    ) -> list[Node]:
        """`dbt build` into a home's database; by default models and seeds without tests."""
        if self.manifest is None:
            self.parse()
        outcome = self.invoke(
            ["build", "--threads", str(threads), *(arguments or MODELS)],
            home,
            variables(as_of, params),
            self.work / "target",
        )
        assert outcome.result is not None, outcome.exception
        return [
            Node(r.node.name, str(r.node.resource_type), str(r.status), (r.message or "").strip())
            for r in outcome.result.results
        ]


MODELS = ("--exclude-resource-type", "test", "unit_test")
MODELS_AND_DATA_TESTS = ("--exclude-resource-type", "unit_test")


def variables(as_of: datetime, params: Mapping[str, Any]) -> dict[str, Any]:
    """dbt's variables of a run: parameters of the contract, the run clock, a fixed run id."""
    plain = {k: float(v) if isinstance(v, Decimal) else v for k, v in params.items()}
    clock = as_of.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {**plain, "as_of": clock, "run_id": "agreement"}


def deliver(home: Path, entities: Entities, name: str = "agreement") -> None:
    """Write the entities as export files and load them into the raw tables of a home."""
    write_landing(entities, home / "landing")
    load_landing(home, name)


def load_landing(home: Path, run_id: str = "agreement", dirty: bool = False) -> None:
    """Load a home's landing; unless it is meant to be dirty, nothing may be rejected."""
    report = load(Home(home), run_id=run_id, loaded_at=LOADED_AT, settle_seconds=0)
    faults = [
        f"{f.source_file}: {f.status}, {f.rows_rejected} rows rejected, {f.reason or ''}"
        for f in report.files
        if f.rows_rejected or f.status not in ("loaded", "unchanged")
    ]
    assert dirty or not faults, faults


def broken(nodes: Sequence[Node]) -> list[str]:
    """Nodes that could not be built, and tests that could not run."""
    return [
        f"{n.name}: {n.message[:600]}"
        for n in nodes
        if n.status in ("error", "runtime error", "partial success")
    ]


def failed(nodes: Sequence[Node]) -> list[str]:
    """Tests that failed."""
    return [f"{n.name}: {n.message[:300]}" for n in nodes if n.status == "fail"]


def run_company(
    dbt: Dbt,
    home: Path,
    entities: Entities,
    as_of: datetime,
    params: Mapping[str, Any],
    kpi_ids: Collection[str] = (),
) -> dict[Key, Published]:
    """The published rows of a company: files, loading, models. The home is made anew.

    With `kpi_ids` only the tables of these KPIs are built and read.
    """
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    deliver(home, entities)
    tables = headlines(kpi_ids)
    wanted = ("--select", *(f"+{table}" for table in tables)) if kpi_ids else ()
    faults = broken(dbt.build(home, as_of, params, *MODELS, *wanted))
    assert not faults, "\n".join(faults)
    found: dict[Key, Published] = {}
    for table in tables or ["kpi_values"]:
        if table.removeprefix("kpi_") not in TABLES:
            found |= read(home / "build.duckdb", table)
    return found


def headlines(kpi_ids: Collection[str]) -> list[str]:
    """The tables that hold some KPIs."""
    with (PROJECT_ROOT / "seeds" / "kpi_catalog.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return sorted({f"kpi_{row['headline_id']}" for row in rows if row["kpi_id"] in kpi_ids})


def read(database: Path, table: str = "kpi_values") -> dict[Key, Published]:
    """`kpi_values`, or the rows of one KPI, of a build database or a release."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            f"select kpi_id, grain, period_start, dim_name, dim_value, {', '.join(FIELDS)}"
            f" from kpis.{table}"
        ).fetchall()
    found = {Key(*row[:5]): Published(*row[5:]) for row in rows}
    assert len(found) == len(rows), "kpi_values has duplicates on its key"
    return found


def read_table(database: Path, kpi_id: str) -> list[dict[str, Any]]:
    """The rows of a KPI that is a table of its own."""
    with duckdb.connect(str(database), read_only=True) as connection:
        result = connection.execute(f"select * from kpis.kpi_{kpi_id}")
        names = [each[0] for each in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


# -- comparison -----------------------------------------------------------------------------------


def same(want: Any, have: Any, within: float = 1e-9) -> bool:
    """Equal; numbers to a billionth of their size: both sides are exact before they divide."""
    if want is None or have is None:
        return want is have
    if isinstance(have, bool | str):
        return bool(want == have)
    return abs(float(want) - float(have)) <= within * max(1.0, abs(float(want)))


def differences(want: Mapping[Key, Row], have: Mapping[Key, Published]) -> list[str]:
    """Every key that one side lacks, and every field in which the two sides differ."""
    return sorted(_differences(want, have))


def _differences(want: Mapping[Key, Row], have: Mapping[Key, Published]) -> Iterator[str]:
    for key, row in want.items():
        if key not in have:
            yield f"{_named(key)}: the warehouse lacks it; {_shown(row)}"
            continue
        for field in FIELDS:
            expected, actual = getattr(row, field), getattr(have[key], field)
            if not same(expected, actual):
                yield f"{_named(key)}: {field} {_plain(expected)}, the warehouse has {actual}"
                break
    for key in have.keys() - want.keys():
        yield f"{_named(key)}: only the warehouse has it; {_shown(have[key])}"


def _named(key: Key) -> str:
    start: date = key.period_start
    return f"{key.kpi_id} {key.grain} {start} {key.dim_name}={key.dim_value}"


def _shown(row: Any) -> str:
    return ", ".join(f"{field} {_plain(getattr(row, field))}" for field in FIELDS[:4])


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | str | int) else float(value)


def summary(found: Sequence[str], shown: int = 40) -> str:
    """A message for a failed comparison: how many per KPI, and the first of each."""
    by_kpi: dict[str, list[str]] = {}
    for line in found:
        by_kpi.setdefault(line.split(" ")[0], []).append(line)
    lines = [f"{len(rows)} x {rows[0]}" for rows in by_kpi.values()]
    more = f"\n... and {len(lines) - shown} more KPIs" if len(lines) > shown else ""
    return f"{len(found)} differences\n" + "\n".join(lines[:shown]) + more
