"""A small build database, written without dbt: what a release is made of in these tests."""

from datetime import UTC, datetime

import duckdb

from orchestration.home import Home, Settings
from orchestration.publish import publish
from orchestration.releases import Release

AS_OF = datetime(2025, 7, 14, 22, 0, tzinfo=UTC)
EMAIL = "maria.huber@kunde.example.com"


def build(home: Home, version: int = 1, rows: int = 50) -> None:
    """(Re)make the build database; every table carries `version`, so that a mixture shows."""
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute(
            f"""
            create schema if not exists raw;
            create schema if not exists marts;
            create schema if not exists kpis;
            create schema if not exists meta;
            create or replace table raw.contract__account as
            select '{EMAIL}' as email from range({rows});
            create or replace table marts.dim_accounts (
                account_id bigint not null, version integer, total hugeint, amount decimal(38, 4),
                seen_at timestamptz
            );
            insert into marts.dim_accounts
            select range, {version}, range * 10, cast(1.5 as decimal(38, 4)),
                timestamptz '2025-07-01 00:00:00+00'
            from range({rows});
            comment on table marts.dim_accounts is 'One row per account; it''s 1 € each.';
            comment on column marts.dim_accounts.account_id is 'Key of the "account".';
            create or replace view marts.fct_totals as
            select sum(account_id) as total, max(version) as version from build.marts.dim_accounts;
            comment on view marts.fct_totals is 'One row: totals.';
            create or replace table kpis.kpi_values as
            select
                'mrr' as kpi_id, 1 as kpi_version, 'month' as grain,
                date '2025-05-01' + to_months(cast(range as integer)) as period_start,
                'all' as dim_name, 'all' as dim_value,
                cast({version} as decimal(18, 4)) as numerator,
                cast(null as decimal(18, 4)) as denominator,
                cast({version} as double) as value,
                range < 2 as is_complete, timestamp '2025-07-14 22:00:00' as as_of,
                'run-{version}' as run_id, {version} as version
            from range(3);
            create or replace table kpis.kpi_scorecard as
            select kpi_id, 'Recurring revenue' as kpi_name, 'currency' as unit, period_start,
                value, value as previous_value, 12 as sample_size, 'ok' as status, version
            from kpis.kpi_values where is_complete;
            create or replace table meta.feed_load as
            select 'run-{version}' as run_id, 'contract' as source, 'account' as entity,
                'contract/account/a.csv' as source_file, 'abc' as file_sha256,
                'mail {EMAIL} is odd' as reason, true as is_current;
            create or replace table meta.rejected as
            select 'run-{version}' as run_id, 'contract' as source, 'account' as entity,
                'contract/account/a.csv' as source_file, 'abc' as file_sha256,
                cast(3 as bigint) as row_number, cast(4 as bigint) as line_number,
                'email' as column_name, '{EMAIL}' as value, 'no date: {EMAIL}' as reason,
                'x,{EMAIL}' as record;
            """
        )


def released(home: Home, version: int = 1, settings: Settings | None = None) -> Release:
    """Build and publish one version, as a run of its own."""
    build(home, version)
    return publish(home, settings or Settings(), run_id=f"run-{version}", as_of=AS_OF)
