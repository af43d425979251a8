-- grain: one row per grain, period and agent with recorded time
with

periods as (
    select grain, period_start, period_end
    from {{ ref('dim_periods') }}
    where grain in ('week', 'month', 'quarter')
),

handled as (
    select
        periods.grain,
        periods.period_start,
        legs.agent_id,
        sum(legs.handle_seconds) as handle_seconds
    from periods
    inner join {{ ref('fct_interaction_agents') }} as legs
        on periods.period_start <= legs.ended_date and legs.ended_date < periods.period_end
    group by 1, 2, 3
),

worked as (
    select
        periods.grain,
        periods.period_start,
        agent_time.agent_id,
        max(agent_time.team) as team,
        sum(agent_time.available_minutes) as available_minutes,
        sum(agent_time.logged_in_minutes) as logged_in_minutes
    from periods
    inner join {{ ref('fct_agent_time') }} as agent_time
        on periods.period_start <= agent_time.work_date and agent_time.work_date < periods.period_end
    group by 1, 2, 3
),

final as (
    select
        worked.grain,
        worked.period_start,
        worked.agent_id,
        worked.team,
        cast(worked.available_minutes as decimal(18, 4)) as available_minutes,
        cast(worked.logged_in_minutes as decimal(18, 4)) as logged_in_minutes,
        cast(coalesce(handled.handle_seconds, 0) as decimal(24, 6)) as handle_seconds
    from worked
    left join handled
        on worked.grain = handled.grain and worked.period_start = handled.period_start and worked.agent_id = handled.agent_id
)

select * from final
