"""A release of any size, with names of any kind: made without dbt, by the scorecard's own SQL."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
from jinja2 import Environment

from orchestration.home import PROJECT_ROOT, Home, Settings
from orchestration.publish import publish
from orchestration.quality import QUALITY_RESULT_DDL
from orchestration.releases import Release

AS_OF = datetime(2025, 12, 31, 23, tzinfo=UTC)
EMAIL = "maria.huber@kunde.example.com"
PLACES = {
    "kpi_catalog": "kpis.kpi_catalog",
    "kpi_values": "kpis.kpi_values",
    "fct_goals": "marts.fct_goals",
    "kpi_goal_attainment": "kpis.kpi_goal_attainment",
}
VALUES = """
create table kpis.kpi_values (
    kpi_id varchar, kpi_version varchar, grain varchar, period_start date, period_end date,
    dim_name varchar, dim_value varchar, numerator double, denominator double, value double,
    unit varchar, sample_size bigint, rejected_rows bigint, censored_rows bigint,
    is_complete boolean, is_mature boolean, status varchar, as_of timestamp, run_id varchar
);
create table kpis.kpi_catalog (
    kpi_id varchar, headline_id varchar, kpi_name varchar, domain varchar, definition varchar,
    formula varchar, unit varchar, direction varchar, class varchar, scale bigint, grains varchar,
    slices varchar, feeds varchar, observation_window varchar, owner varchar,
    contract_section varchar, version varchar
);
create table marts.fct_goals (
    goal_id varchar, kpi_id varchar, dim_name varchar, dim_value varchar, owner_id varchar,
    baseline_value double, target_value double, period_start date, period_end date,
    set_at timestamp, grain varchar, smart_defect varchar, expected_progress double
);
create table meta.feed_load (
    run_id varchar, source varchar, entity varchar, source_file varchar, file_sha256 varchar,
    file_bytes bigint, records bigint, rows_loaded bigint, rows_rejected bigint, status varchar,
    reason varchar, remedy varchar, missing_columns varchar, extra_columns varchar,
    loaded_at timestamp, is_current boolean
);
create table meta.rejected (
    run_id varchar, source varchar, entity varchar, source_file varchar, file_sha256 varchar,
    row_number bigint, line_number bigint, column_name varchar, value varchar, reason varchar,
    remedy varchar, record varchar, loaded_at timestamp
);
"""


class Company:
    """Adds KPIs, values and goals to the build database of a home, then publishes it."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.connection = duckdb.connect(str(home.build_database))
        for schema in ("kpis", "marts", "meta"):
            self.connection.execute(f"create schema {schema}")
        self.connection.execute(VALUES + QUALITY_RESULT_DDL)

    def kpi(
        self,
        kpi_id: str,
        *,
        name: str | None = None,
        headline: str | None = None,
        domain: str = "revenue",
        unit: str = "ratio",
        direction: str = "higher",
        slices: str | None = "segment",
        definition: str = "What it counts.",
        owner: str = "finance",
        kind: str = "ratio",
    ) -> None:
        self.connection.execute(
            "insert into kpis.kpi_catalog values (?, ?, ?, ?, ?, 'a / b', ?, ?, ?, 1,"
            " 'month quarter', ?, 'order', null, ?, '4.A1', '1.1')",
            [
                kpi_id, headline or kpi_id, name or kpi_id, domain, definition, unit, direction,
                kind, slices, owner,
            ],
        )  # fmt: skip

    def months(
        self,
        kpi_id: str,
        values: list[float | None],
        *,
        dim: str = "all",
        member: str = "all",
        status: str = "ok",
        sample: int = 100,
        mature: bool = True,
        unit: str = "ratio",
    ) -> None:
        """Monthly values, the last one for December 2025."""
        self.connection.execute(
            """
            insert into kpis.kpi_values
            select
                $id, '1.1', 'month', start, start + interval 1 month, $dim, $member, value, 1.0,
                value, $unit, $sample, 0, 0, true, $mature, $status,
                timestamp '2025-12-31 23:00:00', 'run'
            from (
                select
                    unnest($values::double[]) as value,
                    unnest(generate_series(
                        date '2025-12-01' - to_months(cast(len($values::double[]) - 1 as integer)),
                        date '2025-12-01', interval 1 month
                    ))::date as start
            )
            """,
            {
                "id": kpi_id, "dim": dim, "member": member, "values": values, "unit": unit,
                "sample": sample, "mature": mature, "status": status,
            },
        )  # fmt: skip

    def goal(self, kpi_id: str, target: float, attainment: float | None) -> None:
        self.connection.execute(
            "insert into marts.fct_goals values ('goal_' || $id, $id, 'all', 'all', 'u1', 0, $t,"
            " date '2025-12-01', date '2026-01-01', timestamp '2025-11-01', 'month', null, null)",
            {"id": kpi_id, "t": target},
        )
        self.connection.execute(
            "insert into kpis.kpi_values values ('goal_attainment', '1.1', 'month', '2025-12-01',"
            " '2026-01-01', 'goal', 'goal_' || $id, $a, 1, $a, 'ratio', 1, 0, 0, true, true, 'ok',"
            " '2025-12-31 23:00:00', 'run')",
            {"id": kpi_id, "a": attainment},
        )

    def check(
        self, status: str = "passed", severity: str = "critical", run_id: str = "run", **text: str
    ) -> None:
        row = {"check_name": "unique_ids", "subject": "contract.order", "message": "m"} | text
        self.connection.execute(
            "insert into meta.quality_result values ($run, 1, $check_name, $subject, null, $sev,"
            " $status, $observed, 'none', 2, $sample_keys, $message, 'Correct the file.',"
            " timestamp '2026-01-01 00:05:00')",
            {"observed": "2 rows", "sample_keys": None}
            | row
            | {"run": run_id, "sev": severity, "status": status},
        )

    def close(self) -> None:
        """Build the scorecard with the project's own model, and let go of the file."""
        model = PROJECT_ROOT / "models" / "kpis" / "kpi_scorecard.sql"
        query = Environment().from_string(model.read_text()).render(ref=PLACES.__getitem__)
        self.connection.execute(
            "create table kpis.kpi_goal_attainment as"
            " select * from kpis.kpi_values where kpi_id = 'goal_attainment'"
        )
        self.connection.execute(f"create table kpis.kpi_scorecard as {query}")
        self.connection.close()

    def publish(self, settings: Settings | None = None) -> Release:
        self.close()
        return publish(self.home, settings or Settings(), run_id="run", as_of=AS_OF)


def page(release: Release, name: str = "scorecard.html") -> str:
    return Path(release.folder / name).read_text(encoding="utf-8")
