"""Table macros inside a release, for people who write SQL: they live in the file, read-only too."""

from __future__ import annotations

import logging

import duckdb

from orchestration.sql_text import literal

# Parameters are plain names, columns carry the alias of their table: nothing is ambiguous.
MACROS: dict[str, tuple[str, str, str]] = {
    "kpi": (
        "id, grain := 'month', slice := 'all', since := date '1900-01-01'",
        "The series of one KPI: a row per period, and per member of the slice. An unknown id, grain"
        " or slice is an error that says what there is. Example:"
        " from kpis.kpi('net_promoter_score', grain := 'quarter', slice := 'segment')",
        """
        select
            figures.kpi_id, figures.grain, figures.period_start, figures.period_end,
            figures.dim_name, figures.dim_value, figures.value, figures.numerator,
            figures.denominator, figures.unit, figures.sample_size, figures.is_complete,
            figures.is_mature, figures.status
        from kpis.kpi_values as figures
        where figures.kpi_id = id
            and figures.grain = grain
            and figures.dim_name = slice
            and figures.period_start >= since
            and (
                select case
                    when count(*) = 0
                        then error('no KPI ' || id || '; from kpis.kpi_find(''word'') finds one')
                    when max(case when list_contains(string_split(described.grains, ' '), grain)
                            then 1 else 0 end) = 0
                        then error(id || ' has no grain ' || grain || '; it has: '
                            || max(described.grains))
                    when slice <> 'all'
                        and max(case when list_contains(string_split(described.slices, ' '), slice)
                            then 1 else 0 end) = 0
                        then error(id || ' has no slice ' || slice || '; it has: '
                            || coalesce(max(described.slices), 'none'))
                    else true
                end
                from kpis.kpi_catalog as described
                where described.kpi_id = id
            )
        order by figures.period_start, figures.dim_value
        """,
    ),
    "kpi_latest": (
        "id, grain := 'month', slice := 'all'",
        "One KPI in its newest period that is complete and mature, per member of the slice, with"
        " the period before and the change. Example:"
        " from kpis.kpi_latest('customer_churn_rate', slice := 'segment')",
        """
        with series as (
            select
                figures.*,
                lag(figures.value) over (
                    partition by figures.dim_value order by figures.period_start
                ) as previous_value,
                max(case when figures.is_complete and figures.is_mature
                    then figures.period_start end) over () as newest
            from kpis.kpi_values as figures
            where figures.kpi_id = id and figures.grain = grain and figures.dim_name = slice
        )
        select
            series.kpi_id, series.grain, series.period_start, series.dim_name, series.dim_value,
            series.value, series.previous_value, series.value - series.previous_value as change,
            series.numerator, series.denominator, series.unit, series.sample_size, series.status
        from series
        where series.period_start = series.newest
        order by series.value desc nulls last, series.dim_value
        """,
    ),
    "kpi_find": (
        "word",
        "KPIs of the catalogue whose id, name, definition or domain has the word. Example:"
        " from kpis.kpi_find('churn')",
        """
        select
            described.kpi_id, described.kpi_name, described.domain, described.unit,
            described.grains, described.slices, described.definition
        from kpis.kpi_catalog as described
        where contains(
            lower(concat_ws(' ', described.kpi_id, described.kpi_name, described.domain,
                described.definition)),
            lower(word)
        )
        order by described.domain, described.headline_id, described.kpi_id
        """,
    ),
    "column_origins": (
        "origin_of, of_column",
        "The columns of export tables (schema raw), of seeds and of meta that a column of"
        " schema.table is made from, over all models, with the shortest number of steps. Example:"
        " from kpis.column_origins('kpis.kpi_win_rate', 'value')",
        """
        with recursive walk as (
            select
                edges.upstream_schema, edges.upstream_table, edges.upstream_column, 1 as steps
            from meta.column_lineage as edges
            where edges.table_schema || '.' || edges.table_name = origin_of
                and edges.column_name = of_column
            union
            select
                edges.upstream_schema, edges.upstream_table, edges.upstream_column, walk.steps + 1
            from walk
            inner join meta.column_lineage as edges
                on walk.upstream_schema = edges.table_schema
                and walk.upstream_table = edges.table_name
                and walk.upstream_column = edges.column_name
            where walk.steps < 40
        )
        select
            walk.upstream_schema, walk.upstream_table, walk.upstream_column,
            cast(min(walk.steps) as integer) as steps
        from walk
        anti join meta.column_lineage as edges
            on walk.upstream_schema = edges.table_schema
            and walk.upstream_table = edges.table_name
        group by walk.upstream_schema, walk.upstream_table, walk.upstream_column
        order by walk.upstream_schema, walk.upstream_table, walk.upstream_column
        """,
    ),
}


def write_macros(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Create the macros in the file that is attached as `warehouse`; return their names.

    A build without a catalogue or without kpi_values gets none; that is logged.
    """
    written = []
    # The bodies name schema and table only, so that they work under whatever name a file is opened.
    connection.execute("use warehouse")
    try:
        for name, (parameters, comment, body) in MACROS.items():
            try:
                connection.execute(f"create macro kpis.{name}({parameters}) as table {body}")
            except (duckdb.CatalogException, duckdb.BinderException) as error:
                logging.getLogger(__name__).warning("macro kpis.%s: %s", name, error)
                continue
            connection.execute(f"comment on macro table kpis.{name} is {literal(comment)}")
            written.append(name)
    finally:
        connection.execute("use memory")
    return written
