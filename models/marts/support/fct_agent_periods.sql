-- grain: one row per grain, period, agent with recorded time and team the agent worked in
with

periods as (
    select grain, period_start, period_end
    from {{ ref('dim_periods') }}
    where grain in ('week', 'month', 'quarter')
),

worked as (
    select
        periods.grain,
        periods.period_start,
        agent_time.agent_id,
        agent_time.team,
        sum(agent_time.available_minutes) as available_minutes,
        sum(agent_time.logged_in_minutes) as logged_in_minutes
    from periods
    inner join {{ ref('fct_agent_time') }} as agent_time
        on periods.period_start <= agent_time.work_date and agent_time.work_date < periods.period_end
    group by 1, 2, 3, 4
),

final as (
    select
        worked.grain,
        worked.period_start,
        worked.agent_id,
        worked.team,
        cast(worked.available_minutes as decimal(18, 4)) as available_minutes,
        sum(worked.available_minutes) over (
            partition by worked.grain, worked.period_start, worked.agent_id
        ) > 0 as is_available,
        cast(worked.logged_in_minutes as decimal(18, 4)) as logged_in_minutes
    from worked
)

select * from final
