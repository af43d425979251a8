"""What the scorecard page shows, read from a release and packed small.

A series is [first place, values, sample sizes, marks]: places count on the axis of its grain, a
mark is one letter per period that names a state (status, complete, mature) of `Content.states`.
Values are embedded exactly as stored; nothing is rounded for size.
"""

from __future__ import annotations

import json
import re
import string
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration.home import PROJECT_ROOT, project_vars

Row = dict[str, Any]
Series = list[Any]
# Periods on the page, per grain: three years, and what is useful of finer grains.
WINDOW = {"day": 62, "week": 53, "month": 37, "quarter": 13, "year": 6, "rolling_12m": 25}
# Slices go back to the year-ago value of every period of a year.
SLICE_WINDOW = 25
MEMBERS = 12
LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits
ABSENT = "-"
# A parameter in an explain query, as dbt writes it.
_VARIABLE = re.compile(r"\{\{\s*var\(['\"](\w+)['\"]\)\s*\}\}")


class Incomplete(Exception):
    """The release has no scorecard to show; the message says which table is missing."""


@dataclass
class Content:
    """All that the page needs: plain lists and dictionaries."""

    release: Row
    scorecard: list[Row]
    catalog: dict[str, Row]
    axes: dict[str, list[tuple[date, date]]]
    states: list[tuple[str, bool, bool]]
    undivided: dict[str, dict[str, Series]]
    slices: dict[str, dict[str, dict[str, Series]]]
    members: dict[tuple[str, str], int]
    goals: list[Row]
    explained: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)


def read(connection: duckdb.DuckDBPyConnection) -> Content:
    """Read a release that is attached as `warehouse`. Raises Incomplete for a file without KPIs."""
    found = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where database_name = 'warehouse'"
    ).fetchall()
    needed = {"kpis.kpi_scorecard", "kpis.kpi_values", "kpis.kpi_catalog", "meta.release"}
    if missing := sorted(needed - {each[0] for each in found}):
        raise Incomplete(f"the release has no table {', '.join(missing)}")
    columns = connection.execute(
        "select table_name || '.' || column_name from duckdb_columns()"
        " where database_name = 'warehouse' and schema_name = 'kpis'"
    ).fetchall()
    wanted = {"kpi_scorecard.headline_id", "kpi_values.sample_size", "kpi_values.is_mature"}
    if missing := sorted(wanted - {each[0] for each in columns}):
        raise Incomplete(f"the release has no column kpis.{', kpis.'.join(missing)}")
    scorecard = rows(connection, _SCORECARD)
    catalog = {each["kpi_id"]: each for each in rows(connection, "from warehouse.kpis.kpi_catalog")}
    axes = _axes(connection, {each["grain"] for each in scorecard if each["grain"]})
    packer = _Packer(axes)
    undivided: dict[str, dict[str, Series]] = defaultdict(dict)
    for kpi_id, grain, _, _, *lists in _series(connection, axes, undivided=True):
        undivided[kpi_id][grain] = packer.pack(grain, *lists)
    slices: dict[str, dict[str, dict[str, Series]]] = defaultdict(lambda: defaultdict(dict))
    for kpi_id, grain, dim, member, *lists in _series(connection, axes, undivided=False):
        slices[kpi_id][dim][member] = packer.pack(grain, *lists)
    counted = connection.execute(
        "select kpi_id, dim_name, count(distinct dim_value) from warehouse.kpis.kpi_values"
        " where dim_name <> 'all' group by all"
    ).fetchall()
    (release,) = rows(connection, "from warehouse.meta.release")
    parameters = project_vars() | json.loads(release.get("dbt_vars") or "{}")
    explained, rules = explanations(parameters)
    return Content(
        release=release,
        scorecard=scorecard,
        catalog=catalog,
        axes=axes,
        states=packer.states,
        undivided=undivided,
        slices=slices,
        members={(kpi_id, dim): count for kpi_id, dim, count in counted},
        goals=_goals(connection, {each[0] for each in found}),
        explained=explained,
        rules=rules,
    )


def rows(connection: duckdb.DuckDBPyConnection, query: str, *parameters: Any) -> list[Row]:
    """Rows of a query as dictionaries."""
    found = connection.execute(query, list(parameters))
    names = [each[0] for each in found.description or []]
    return [dict(zip(names, each, strict=True)) for each in found.fetchall()]


# Domains by the number of their headline KPIs would jump about: the order is alphabetical, as is
# that of the headlines; the variants of a headline follow it.
_SCORECARD = """
select * replace (case when isfinite(value) then value end as value)
from warehouse.kpis.kpi_scorecard
order by domain, headline_id, is_headline desc, kpi_id
"""


def _axes(
    connection: duckdb.DuckDBPyConnection, shown: set[str]
) -> dict[str, list[tuple[date, date]]]:
    """Per grain the newest periods, oldest first, as (start, end)."""
    found = connection.execute(
        "select grain, period_start, max(period_end) from warehouse.kpis.kpi_values"
        " where dim_name = 'all' group by grain, period_start order by grain, period_start"
    ).fetchall()
    axes: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for grain, start, end in found:
        if grain in shown | {"quarter", "year"}:
            axes[grain].append((start, end))
    return {grain: periods[-WINDOW.get(grain, 36) :] for grain, periods in axes.items()}


def _series(
    connection: duckdb.DuckDBPyConnection,
    axes: dict[str, list[tuple[date, date]]],
    *,
    undivided: bool,
) -> list[tuple[Any, ...]]:
    """(kpi, grain, dim, member, places, values, sample sizes, statuses, complete, mature)."""
    places = [
        (grain, start, place)
        for grain, periods in axes.items()
        for place, (start, _) in enumerate(periods)
        if undivided or place >= len(periods) - SLICE_WINDOW
    ]
    if not places:
        return []
    which = (
        "figures.dim_name = 'all'"
        if undivided
        # slices in the grain that the scorecard shows, of headlines, with few members
        else f"""
        figures.dim_name <> 'all'
        and (figures.kpi_id, figures.grain) in (
            select (kpi_id, grain) from warehouse.kpis.kpi_scorecard where is_headline
        )
        and (figures.kpi_id, figures.dim_name) in (
            select (kpi_id, dim_name) from warehouse.kpis.kpi_values
            where dim_name <> 'all' group by kpi_id, dim_name
            having count(distinct dim_value) <= {MEMBERS}
        )
        """
    )
    return connection.execute(
        f"""
        with axis as (
            select unnest($grains) as grain, unnest($starts) as period_start,
                unnest($places) as place
        )
        select
            figures.kpi_id, figures.grain, figures.dim_name, figures.dim_value,
            list(axis.place order by axis.place),
            list(case when isfinite(figures.value) then figures.value end order by axis.place),
            list(figures.sample_size order by axis.place),
            list(coalesce(figures.status, 'no_data') order by axis.place),
            list(figures.is_complete order by axis.place),
            list(figures.is_mature order by axis.place)
        from warehouse.kpis.kpi_values as figures
        inner join axis
            on figures.grain = axis.grain and figures.period_start = axis.period_start
        where {which}
        group by all
        order by 1, 2, 3, 4
        """,
        {
            "grains": [each[0] for each in places],
            "starts": [each[1] for each in places],
            "places": [each[2] for each in places],
        },
    ).fetchall()


class _Packer:
    """Turns lists of periods into dense series and numbers the states it meets."""

    def __init__(self, axes: dict[str, list[tuple[date, date]]]) -> None:
        self.axes = axes
        self.states: list[tuple[str, bool, bool]] = []

    def pack(
        self,
        grain: str,
        places: list[int],
        values: list[float | None],
        samples: list[int | None],
        statuses: list[str],
        complete: list[bool | None],
        mature: list[bool | None],
    ) -> Series:
        first, last = places[0], places[-1]
        dense: list[float | int | None] = [None] * (last - first + 1)
        sizes: list[int | None] = [None] * (last - first + 1)
        marks = [ABSENT] * (last - first + 1)
        for at, place in enumerate(places):
            dense[place - first] = _plain(values[at])
            sizes[place - first] = samples[at]
            state = (statuses[at], bool(complete[at]), bool(mature[at]))
            marks[place - first] = self._mark(state)
        return [first, dense, sizes, "".join(marks)]

    def _mark(self, state: tuple[str, bool, bool]) -> str:
        if state not in self.states:
            if len(self.states) == len(LETTERS):
                return ABSENT
            self.states.append(state)
        return LETTERS[self.states.index(state)]


def _plain(value: float | None) -> float | int | None:
    """Whole doubles as integers: the same number in fewer characters."""
    if value is not None and value == int(value) and abs(value) < 2**53:
        return int(value)
    return value


def _goals(connection: duckdb.DuckDBPyConnection, tables: set[str]) -> list[Row]:
    """Every goal with its attainment, in the order in which the scorecard prefers them."""
    if "marts.fct_goals" not in tables:
        return []
    return rows(
        connection,
        """
        select
            goals.goal_id as id, goals.kpi_id as k, goals.dim_name as d, goals.dim_value as m,
            goals.grain as g, goals.period_start as s, goals.period_end as e,
            cast(goals.target_value as double) as t, cast(goals.baseline_value as double) as b,
            attained.value as a, goals.expected_progress as x, goals.smart_defect as w
        from warehouse.marts.fct_goals as goals
        left join warehouse.kpis.kpi_values as attained
            on attained.kpi_id = 'goal_attainment' and attained.dim_name = 'goal'
            and attained.dim_value = goals.goal_id
        order by goals.period_end, goals.set_at desc, goals.goal_id
        """,
    )


def explanations(
    parameters: Mapping[str, Any], models: Path = PROJECT_ROOT / "models" / "kpis"
) -> tuple[dict[str, str], ...]:
    """SQL to the rows per KPI id, and rules in words per headline id, from the KPIs' YAML.

    The SQL runs on the release: a parameter that a query asks for stands in its place.
    """
    explained: dict[str, str] = {}
    rules: dict[str, str] = {}
    for path in sorted(models.rglob("kpi_*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for model in content.get("models", []):
            headline = model["name"].removeprefix("kpi_")
            if description := " ".join(str(model.get("description") or "").split()):
                rules[headline] = description.replace("`", "")
            meta = (model.get("config") or {}).get("meta") or {}
            for kpi_id, query in (meta.get("explain") or {}).items():
                plain = _VARIABLE.sub(lambda each: str(parameters[each[1]]), str(query))
                explained[kpi_id] = " ".join(plain.split())
    return explained, rules
