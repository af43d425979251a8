-- grain: one row per KPI id, grain, period and slice
-- contract 4.D2: mean days of the stays in a stage that ended in the period by a move to a later stage or to won
{%- set slices = ['stage'] + d_sales() %}
with

visits as (
    select *, coalesce(ended_date, started_date) as kpi_date
    from {{ ref('fct_stage_visits') }}
),

population as (
    select
        'stage_velocity' as kpi_id, duration_seconds as numerator, 1 as denominator,
        case exit_direction when 'open' then 'censored' else 'counted' end as outcome, *
    from visits
    where exit_direction in ('forward', 'open')
),

-- Time in a stage per opportunity, over all its stays there, when the last of them ends.
cumulative as (
    select
        'stage_cumulative_time' as kpi_id, cumulative_seconds as numerator, 1 as denominator,
        case exit_direction when 'open' then 'censored' else 'counted' end as outcome, *
    from visits
    where is_latest_in_stage
),

exits as (
    {% for kpi, direction in [('stage_advance_rate', 'forward'), ('stage_regression_rate', 'back'), ('stage_loss_rate', 'lost')] -%}
    select '{{ kpi }}' as kpi_id, case when exit_direction = '{{ direction }}' then 1 else 0 end as numerator, 1 as denominator, *
    from visits
    where exit_direction <> 'open'
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

standing as (
    select 'stage_open_age' as kpi_id, stage_age_seconds as numerator, 1 as denominator, *
    from {{ ref('fct_open_opportunities') }}
    where stage is not null
),

by_period as (
    {{ rolled_up_events('stage_velocity', 'population', slices, outcomes=true) }}
),

percentiles as (
    {{ rolled_up_percentiles('stage_velocity', 'population', slices, outcomes=true) }}
),

cumulative_rows as (
    {{ rolled_up_events('stage_velocity', 'cumulative', slices, outcomes=true) }}
),

exit_rows as (
    {{ rolled_up_events('stage_velocity', 'exits', slices) }}
),

standing_rows as (
    {{ rolled_up_closings('stage_velocity', 'standing', slices) }}
),

final as (
    {{ published('stage_velocity', ['by_period', 'percentiles', 'cumulative_rows', 'exit_rows', 'standing_rows']) }}
)

select * from final
