{# Windows of observation that a KPI can name in the catalogue (contract G-09). #}
{% set windows_in_days = ['conversion_window_days', 'renewal_grace_days', 'fcr_window_days', 'reopen_window_days'] %}

-- grain: one row per KPI id, grain and period of its spine, with what all KPIs share: completeness, maturity, coverage
with

catalog as (
    select * from {{ ref('kpi_catalog') }}
),

periods as (
    select * from {{ ref('dim_periods') }}
),

coverage as (
    select * from {{ ref('int_feed_coverage') }}
),

intervals as (
    select * from {{ ref('int_feed_intervals') }}
),

kpi_grains as (
    select kpi_id, part as grain
    from ({{ split_rows('catalog', 'grains', ' ') }}) as split
),

-- Feeds of a KPI: groups joined by "," must all be there; within a group, joined by "|", one is enough.
feed_groups as (
    select kpi_id, part as feed_group
    from ({{ split_rows('catalog', 'feeds', ',') }}) as split
),

feeds as (
    select kpi_id, feed_group, part as entity
    from ({{ split_rows('feed_groups', 'feed_group', '|') }}) as split
),

stated as (
    select distinct entity from intervals
),

-- How much of a period an entity's deliveries cover: 0 nothing, 1 a part, 2 all. Without a statement of coverage, a loaded
-- entity covers everything up to the run clock.
entity_periods as (
    select
        coverage.entity,
        periods.grain,
        periods.period_start,
        case
            when max(stated.entity) is null then case when coverage.is_loaded then 2 else 0 end
            when max(case when intervals.covers_from <= periods.start_at and periods.closing_at <= intervals.covers_to then 1 end) = 1 then 2
            when max(case when intervals.covers_from < periods.closing_at and periods.start_at < intervals.covers_to then 1 end) = 1 then 1
            else 0
        end as covered
    from coverage
    cross join periods
    left join stated
        on coverage.entity = stated.entity
    left join intervals
        on coverage.entity = intervals.entity
    group by coverage.entity, coverage.is_loaded, periods.grain, periods.period_start
),

group_periods as (
    select
        feeds.kpi_id,
        feeds.feed_group,
        entity_periods.grain,
        entity_periods.period_start,
        max(entity_periods.covered) as covered
    from feeds
    inner join entity_periods
        on feeds.entity = entity_periods.entity
    group by 1, 2, 3, 4
),

kpi_periods as (
    select kpi_id, grain, period_start, min(covered) as covered
    from group_periods
    group by 1, 2, 3
),

-- The spine begins with the first event of the KPI's own feeds; a KPI without any has the spine of the warehouse.
spines as (
    select
        feeds.kpi_id,
        min(coverage.first_event_date) as first_date
    from feeds
    left join coverage
        on feeds.entity = coverage.entity
    group by 1
),

final as (
    select
        catalog.kpi_id,
        catalog.headline_id,
        {{ kpi_version('catalog.version') }} as kpi_version,
        catalog.unit,
        -- an amount of a cohort has no denominator either
        catalog.class in ('flow', 'balance') or (catalog.class = 'cohort' and catalog.unit = 'currency') as is_additive,
        catalog.kpi_id like '%\_p50' escape '\' or catalog.kpi_id like '%\_p90' escape '\' as is_percentile,
        cast(catalog.scale as double) as scale,
        cast(case
            when catalog.class = 'duration' and catalog.unit = 'minutes' then 60
            when catalog.class = 'duration' and catalog.unit = 'days' then 86400
            else 1
        end as double) as divisor,
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.start_at,
        periods.end_at,
        periods.closing_at,
        periods.closing_date,
        kpi_periods.covered > 0 as has_data,
        periods.is_over and kpi_periods.covered = 2 as is_complete,
        periods.is_over and kpi_periods.covered = 2 and case catalog.observation_window
            {%- for window in windows_in_days %}
            when '{{ window }}' then {{ local_midnight(add_days('periods.period_end', var(window))) }} <= {{ as_of() }}
            {%- endfor %}
            when 'abandonment_window_hours' then periods.end_at + interval '{{ var("abandonment_window_hours") }}' hour <= {{ as_of() }}
            when 'trial_conversion_window' then {{ local_midnight(add_days('periods.period_end', 7)) }} <= {{ as_of() }}
            else true
        end as is_mature
    from catalog
    inner join kpi_grains
        on catalog.kpi_id = kpi_grains.kpi_id
    inner join periods
        on kpi_grains.grain = periods.grain
    inner join kpi_periods
        on
            catalog.kpi_id = kpi_periods.kpi_id
            and periods.grain = kpi_periods.grain
            and periods.period_start = kpi_periods.period_start
    inner join spines
        on catalog.kpi_id = spines.kpi_id
    where
        (spines.first_date is null or periods.period_end > spines.first_date)
        -- without a lag there is no lagged cost (contract 4.C1)
        and (catalog.kpi_id <> 'cac_lagged' or {{ var('cac_lag_months') | int }} > 0)
)

select * from final
