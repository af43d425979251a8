-- grain: one row per grain, period and ticket solved by a person in it: its last solve in the period (contract 4.E5)
with

periods as (
    select grain, period_start, period_end
    from {{ ref('dim_periods') }}
    where grain in ('week', 'month', 'quarter')
),

solves as (
    select
        periods.grain,
        periods.period_start,
        ticket_solves.*,
        row_number() over (
            partition by periods.grain, periods.period_start, ticket_solves.ticket_id
            order by ticket_solves.event_number desc
        ) as recency
    from periods
    inner join {{ ref('fct_ticket_solves') }} as ticket_solves
        on periods.period_start <= ticket_solves.solved_date and ticket_solves.solved_date < periods.period_end
),

available_agents as (
    select distinct grain, period_start, agent_id from {{ ref('fct_agent_periods') }}
    where is_available
),

-- Solves of agents without recorded time are kept and marked: they are reported, not counted.
final as (
    select
        solves.grain,
        solves.period_start,
        solves.ticket_id,
        solves.agent_id,
        solves.solved_at,
        solves.channel,
        solves.team,
        available_agents.agent_id is not null as has_available_time
    from solves
    left join available_agents
        on
            solves.grain = available_agents.grain
            and solves.period_start = available_agents.period_start
            and solves.agent_id = available_agents.agent_id
    where solves.recency = 1 and not solves.is_by_bot
)

select * from final
