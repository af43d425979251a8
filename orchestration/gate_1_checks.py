"""Gate 1 as Dagster asset checks: two for each raw table, what blocks the night and what does not.

An event costs Dagster 10 ms of a processor, and there are more than a thousand expectations: one
check for each of them would take longer than measuring them. The results of every expectation
are in the metadata of the two, failed ones first, and in meta.quality_result.
"""

from collections.abc import Iterator, Mapping, Sequence

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    Failure,
    MetadataValue,
    TableColumn,
    TableRecord,
    TableSchema,
    multi_asset_check,
)

from orchestration.home import load_settings
from orchestration.ingest.declaration import Declarations
from orchestration.quality import DEFAULT_CHECKS, EXPECTATIONS, Result, run_gate_1
from orchestration.resources import HomeResource, RunClock
from orchestration.suites import Severity, TableKey, declared_tables, load_defaults, load_suites

CHECKS: Mapping[Severity, str] = {"critical": "critical", "warning": "warnings"}
SHOWN = ("expectation", "status", "observed", "threshold", "rows", "sample_keys", "what_to_do")


def build_checks(declared: Declarations) -> AssetChecksDefinition:
    """One step for all tables, so that Great Expectations starts once; critical checks block."""
    suites = load_suites(EXPECTATIONS, declared)
    load_defaults(EXPECTATIONS)
    specs = []
    for key in declared_tables(declared):
        suite = suites.get(key)
        listed = [
            *((one.severity, one.finding) for one in (suite.expectations if suite else ())),
            *DEFAULT_CHECKS.values(),
        ]
        for severity, name in CHECKS.items():
            words = [finding for own, finding in listed if own == severity]
            specs.append(
                AssetCheckSpec(
                    name=name,
                    asset=AssetKey(["raw", *key]),
                    description=f"None of: {'; '.join(dict.fromkeys(words))}.",
                    blocking=severity == "critical",
                    metadata={"gate": 1},
                )
            )

    @multi_asset_check(
        name="gate_1",
        specs=specs,
        description="The expectations of all export tables, measured in the engine.",
    )
    def gate_1(
        context: AssetCheckExecutionContext, home: HomeResource, clock: RunClock
    ) -> Iterator[AssetCheckResult]:
        place = home.get()
        settings = load_settings(place)
        results = run_gate_1(
            place,
            context.run.run_id,
            as_of=clock.instant(settings),
            settings=settings,
            declarations=declared,
            expectations=EXPECTATIONS,
        )
        yield from asset_check_results(declared_tables(declared), results)
        broken = [one.message for one in results if one.status == "error"]
        if broken:
            raise Failure(
                description=f"gate 1: {len(broken)} checks could not run:\n"
                + "\n".join(broken[:10]),
                metadata={"outcome": "fault"},
            )

    return gate_1


def asset_check_results(
    tables: Mapping[TableKey, object], results: Sequence[Result]
) -> Iterator[AssetCheckResult]:
    """Two results for every table: Dagster waits for all, also where nothing was delivered."""
    found: dict[tuple[str, Severity], list[Result]] = {}
    for one in results:
        found.setdefault((one.subject, one.severity), []).append(one)
    for source, table in tables:
        for severity, name in CHECKS.items():
            own = found.get((f"{source}.{table}", severity), [])
            bad = [one for one in own if one.status != "passed"]
            broken = any(one.status == "error" for one in own)
            text = f"{len(own)} expectations met." if own else "Nothing was delivered."
            yield AssetCheckResult(
                asset_key=AssetKey(["raw", source, table]),
                check_name=name,
                passed=not bad,
                severity=AssetCheckSeverity.ERROR
                if severity == "critical" or broken
                else AssetCheckSeverity.WARN,
                description="\n\n".join(one.message for one in bad) or text,
                metadata={"expectations": _as_table([*bad, *(o for o in own if o not in bad)])}
                if own
                else None,
            )


def _as_table(results: Sequence[Result]) -> MetadataValue:
    return MetadataValue.table(
        records=[
            TableRecord(
                {
                    "expectation": f"{one.column_name or ''} {one.check_name}".strip(),
                    "status": one.status,
                    "observed": one.observed or "",
                    "threshold": one.threshold or "",
                    "rows": one.unexpected_count or 0,
                    "sample_keys": one.sample_keys or "",
                    "what_to_do": one.remedy if one.status != "passed" else "",
                }
            )
            for one in results
        ],
        schema=TableSchema(columns=[TableColumn(name) for name in SHOWN]),
    )
