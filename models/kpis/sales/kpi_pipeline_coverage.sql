-- grain: one row per KPI id, grain, period and slice
-- contract 5.3: pipeline due in the period, in the snapshot at its start, over the quota that is left then
with

periods as (
    select grain, period_start, period_end
    from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

pipeline as (
    select * from {{ ref('fct_pipeline') }}
),

components as (
    select
        'due' as kpi_id, periods.grain, periods.period_start, coalesce(pipeline.amount, 0) as numerator, null as denominator,
        pipeline.owner, pipeline.team
    from periods
    inner join pipeline
        on
            periods.period_start = pipeline.closing_date
            and pipeline.close_date >= periods.period_start
            and pipeline.close_date < periods.period_end
    union all
    select 'quota', grain, period_start, quota_amount, null, owner, team_at_opening
    from {{ ref('fct_quotas') }}
),

summed as (
    {{ rolled_up_cohorts('pipeline_coverage', 'components', ['owner', 'team']) }}
),

-- Nothing of a period is won before it starts: at its start the quota left is the quota. Where there is a quota and nothing of
-- it is left, coverage has no meaning.
settled as (
    select
        'pipeline_coverage' as kpi_id,
        grain,
        period_start,
        dim_name,
        dim_value,
        sum(case when kpi_id = 'due' then numerator else 0 end) as numerator,
        sum(case when kpi_id = 'quota' then numerator else 0 end) as denominator,
        cast(null as double) as value,
        case
            when count(case when kpi_id = 'quota' then 1 end) > 0 and sum(case when kpi_id = 'quota' then numerator else 0 end) <= 0
                then 'quota_met'
        end as status,
        sum(case when kpi_id = 'due' then sample_size else 0 end) as sample_size
    from summed
    group by 2, 3, 4, 5
),

settled_rows as (
    {{ rolled_up_components('settled') }}
),

final as (
    {{ published('pipeline_coverage', ['settled_rows']) }}
)

select * from final
