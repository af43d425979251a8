"""Gate 2: published values of closed periods that this build no longer gives (contract G-10)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb

from orchestration.home import Home
from orchestration.quality import Result
from orchestration.releases import served
from orchestration.sql_text import literal

SHOWN = 10
KEY = ("kpi_id", "kpi_version", "grain", "period_start", "dim_name", "dim_value")
# The latest published value of each undivided, closed period against the value of the build. A
# period that was closed then is closed now, unless this build is for an earlier instant.
_MOVED = """
with

published as (
    select *, row_number() over (partition by {key} order by published_at desc) as recency
    from served.kpis.kpi_snapshot
    where dim_name = 'all'
)

select
    published.kpi_id,
    published.grain,
    published.period_start,
    published.value as before,
    case when built.is_complete then built.value end as after
from published
left join build.kpis.kpi_values as built
    on {same}
where
    published.recency = 1
    and published.as_of <= $as_of
    and published.value is not null
    and exists (
        select 1
        from build.kpis.kpi_values as versions
        where versions.kpi_id = published.kpi_id and versions.kpi_version = published.kpi_version
    )
    and (
        not coalesce(built.is_complete, false)
        or built.value is null
        or abs(built.value - published.value) > greatest($tolerance * abs(published.value), 1e-9)
    )
order by published.grain, published.period_start desc, published.kpi_id
"""


def restatements(home: Home, as_of: datetime, tolerance: float) -> list[dict[str, Any]] | None:
    """Published values that moved by more than `tolerance` (share of the value), newest first.

    Each has kpi_id, grain, period_start, before and after; `after` is None where the period has no
    value any more. None when nothing was published yet. A changed definition is a new kpi_version,
    and no restatement.
    """
    release = served(home)
    if release is None or not release.database.exists():
        return None
    query = _MOVED.format(
        key=", ".join(KEY),
        same=" and ".join(f"published.{name} is not distinct from built.{name}" for name in KEY),
    )
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        for name, path in (("served", release.database), ("build", home.build_database)):
            connection.execute(f"attach {literal(path)} as {name} (read_only)")
        try:
            found = connection.execute(
                query, {"as_of": as_of.astimezone(UTC).replace(tzinfo=None), "tolerance": tolerance}
            )
        except duckdb.CatalogException:
            return None  # a release or a build without KPIs
        names = [each[0] for each in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def check(home: Home, run_id: str, as_of: datetime, tolerance: float) -> Result | None:
    """The result `restated_values` of gate 2, a warning; None when nothing was published yet."""
    found = restatements(home, as_of, tolerance)
    if found is None:
        return None
    kpis = len({each["kpi_id"] for each in found})
    observed = f"{len(found)} published values of {kpis} KPIs moved" if found else "none moved"
    threshold = f"at most {100 * tolerance:.4g} % of the value"
    words = [
        f"{each['kpi_id']} {each['grain']} {each['period_start']}: "
        f"{_number(each['before'])} became {_number(each['after'])}"
        for each in found[:SHOWN]
    ]
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    remedy = (
        "Late or corrected data changed what was published. If the new values are right, tell "
        "those who use them; if not, look for the file that changed them (`warehouse status`), "
        "correct it, deliver it again under the same name and refresh. How much a value may move "
        "unseen is `restatement_tolerance` in settings.yml."
    )
    message = f"kpis.kpi_values: published values of closed periods: {observed}"
    message += f", allowed: {threshold}."
    if found:
        message += f" {'; '.join(words)}{more}. What to do: {remedy}"
    return Result(
        run_id,
        2,
        "restated_values",
        "kpis.kpi_values",
        None,
        "warning",
        "failed" if found else "passed",
        observed,
        threshold,
        len(found),
        ", ".join(f"{e['kpi_id']}/{e['grain']}/{e['period_start']}" for e in found[:5]) or None,
        message,
        remedy,
        datetime.now(UTC).replace(tzinfo=None),
    )


def _number(value: float | None) -> str:
    return "no value" if value is None else f"{value:,.6g}"
