-- grain: one row per KPI id, undivided, in its newest period that is complete and mature
with

catalog as (
    select * from {{ ref('kpi_catalog') }}
),

undivided as (
    select * from {{ ref('kpi_values') }}
    where dim_name = 'all'
),

-- A KPI is shown by month where it has months, else by its first grain.
shown_grain as (
    select
        kpi_id,
        case when ' ' || grains || ' ' like '% month %' then 'month' else split_part(grains, ' ', 1) end as grain
    from catalog
),

sequenced as (
    select
        undivided.*,
        lag(undivided.value) over (partition by undivided.kpi_id order by undivided.period_start) as previous_value,
        lag(undivided.value, case when undivided.grain = 'quarter' then 4 when undivided.grain = 'year' then 1 else 12 end)
            over (partition by undivided.kpi_id order by undivided.period_start) as year_ago_value,
        row_number() over (
            partition by undivided.kpi_id
            order by undivided.is_mature desc, undivided.is_complete desc, undivided.period_start desc
        ) as recency
    from undivided
    inner join shown_grain
        on undivided.kpi_id = shown_grain.kpi_id and undivided.grain = shown_grain.grain
),

-- The goal of the shown period, else the newest one that the period lies in.
goals as (
    select goals.*, attained.value as attainment, attained.status as goal_status
    from {{ ref('fct_goals') }} as goals
    left join {{ ref('kpi_goal_attainment') }} as attained
        on goals.goal_id = attained.dim_value
    where goals.dim_name = 'all'
),

shown_goals as (
    select
        sequenced.kpi_id as shown_kpi_id,
        goals.*,
        row_number() over (
            partition by sequenced.kpi_id
            order by case when goals.period_start = sequenced.period_start then 0 else 1 end, goals.period_end, goals.set_at desc, goals.goal_id
        ) as choice
    from sequenced
    inner join goals
        on
            sequenced.kpi_id = goals.kpi_id
            and goals.period_start <= sequenced.period_start
            and sequenced.period_end <= goals.period_end
    where sequenced.recency = 1
),

final as (
    select
        catalog.kpi_id,
        catalog.headline_id,
        catalog.kpi_id = catalog.headline_id as is_headline,
        catalog.kpi_name,
        catalog.domain,
        catalog.owner,
        catalog.unit,
        catalog.direction,
        sequenced.grain,
        sequenced.period_start,
        sequenced.period_end,
        sequenced.value,
        sequenced.previous_value,
        sequenced.value - sequenced.previous_value as change,
        (sequenced.value - sequenced.previous_value) / nullif(abs(sequenced.previous_value), 0) as change_ratio,
        sequenced.year_ago_value,
        case
            when sequenced.value is null or sequenced.previous_value is null then null
            when sequenced.value = sequenced.previous_value then 'flat'
            when catalog.direction = 'neutral' then case when sequenced.value > sequenced.previous_value then 'up' else 'down' end
            when (sequenced.value > sequenced.previous_value) = (catalog.direction = 'higher') then 'better'
            else 'worse'
        end as trend,
        sequenced.numerator,
        sequenced.denominator,
        sequenced.sample_size,
        sequenced.rejected_rows,
        sequenced.censored_rows,
        sequenced.is_complete,
        sequenced.is_mature,
        coalesce(sequenced.status, 'no_data') as status,
        shown_goals.goal_id,
        cast(shown_goals.target_value as double) as target_value,
        shown_goals.period_end as target_date,
        shown_goals.attainment,
        shown_goals.expected_progress,
        shown_goals.goal_status,
        shown_goals.smart_defect,
        catalog.definition,
        sequenced.as_of,
        sequenced.run_id
    from catalog
    left join sequenced
        on catalog.kpi_id = sequenced.kpi_id and sequenced.recency = 1
    left join shown_goals
        on catalog.kpi_id = shown_goals.shown_kpi_id and shown_goals.choice = 1
    where coalesce(catalog.grains, '') <> ''
)

select * from final
order by domain, headline_id, is_headline desc, kpi_id
