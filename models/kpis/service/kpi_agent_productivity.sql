-- grain: one row per KPI id, grain, period and slice
-- contract 4.E5: tickets by their last solve in the period over the available hours of the agents
with

agents as (
    select *, agent_id as agent, cast(null as {{ api.Column.translate_type('string') }}) as channel from {{ ref('fct_agent_periods') }}
),

solves as (
    select *, agent_id as agent, case when has_available_time then 'counted' else 'rejected' end as outcome
    from {{ ref('fct_agent_solves') }}
),

handled as (
    select periods.grain, periods.period_start, legs.*
    from {{ ref('dim_periods') }} as periods
    inner join {{ ref('fct_interaction_agents') }} as legs
        on periods.period_start <= legs.ended_date and legs.ended_date < periods.period_end
    where periods.grain in ('week', 'month', 'quarter')
),

population as (
    select 'agent_productivity' as kpi_id, grain, period_start, 1 as numerator, 0 as denominator, outcome, agent, team, channel from solves
    union all
    select 'agent_productivity', grain, period_start, 0, cast(available_minutes / 60 as decimal(28, 12)), 'counted', agent, team, channel from agents
    union all
    select 'occupancy', grain, period_start, 0, logged_in_minutes, 'counted', agent, team, channel from agents
    where logged_in_minutes > 0
    union all
    select 'occupancy', grain, period_start, cast(handle_seconds / 60 as decimal(28, 12)), 0, 'counted', agent_id, team, channel from handled
),

-- An agent of two teams is one agent, and one of each team.
{%- for name, key in [('per_agent', 'null'), ('per_team', 'team')] %}
{{ name }} as (
    select 'tickets_solved_per_agent' as kpi_id, grain, period_start, 1 as numerator, 0 as denominator, outcome, team from solves
    union all
    select 'tickets_solved_per_agent', grain, period_start, 0, 1, 'counted', {{ key }} as team
    from agents
    where is_available
    group by grain, period_start, agent_id, {{ key }}
),
{%- endfor %}

counted as (
    select * from population where outcome = 'counted'
),

-- Hours have no channel: a channel's solves stand over all hours.
channel_rows as (
    select * from ({{ rolled_up_cohorts('agent_productivity', 'counted', [], outcome_slices=['channel'], sampled='numerator <> 0') }}) as by_channel
    where dim_name = 'channel' and kpi_id = 'agent_productivity'
),

{%- for name, kpi_id in [('measured', 'agent_productivity'), ('occupied', 'occupancy')] %}
{{ name }} as (
    select * from population where kpi_id = '{{ kpi_id }}'
),
{%- endfor %}

rows_by_agent as (
    {{ rolled_up_cohorts('agent_productivity', 'measured', ['agent', 'team'], outcomes=true, sampled='numerator <> 0') }}
    union all
    {{ rolled_up_cohorts('agent_productivity', 'occupied', ['agent', 'team'], outcomes=true, sampled='denominator = 0') }}
),

rows_per_agent as (
    {{ rolled_up_cohorts('agent_productivity', 'per_agent', [], outcomes=true, sampled='numerator <> 0') }}
    union all
    select * from ({{ rolled_up_cohorts('agent_productivity', 'per_team', ['team'], outcomes=true, sampled='numerator <> 0') }}) as by_team
    where dim_name = 'team'
),

final as (
    {{ published('agent_productivity', ['rows_by_agent', 'rows_per_agent', 'channel_rows']) }}
)

select * from final
