-- grain: one row per KPI id, grain, period and slice
-- contract 4.E2: mean minutes that agents worked on an interaction, counted where the interaction ends
with

legs as (
    select 'average_handle_time' as kpi_id, ended_date as kpi_date, 1 as denominator, 'counted' as outcome, *
    from {{ ref('fct_interaction_agents') }}
),

{%- for slice, key in [('whole', 'interaction_id'), ('team', 'interaction_id, team'), ('agent', 'interaction_id, agent_id')] %}

-- {{ 'An interaction passed between agents is one interaction' if slice == 'whole' else 'A ' ~ slice ~ ' counts its own minutes over the interactions it took part in' }}.
{{ slice }}_population as (
    select
        kpi_id, kpi_date, denominator, outcome, interaction_id,
        {{ "channel, topic" if slice == 'whole' else ("team" if slice == 'team' else "agent_id as agent") }},
        sum(handle_seconds) as numerator
    from legs
    group by kpi_id, kpi_date, denominator, outcome, interaction_id, {{ "channel, topic" if slice == 'whole' else ("team" if slice == 'team' else "agent_id") }}
),
{%- endfor %}

rejected as (
    select
        'average_handle_time' as kpi_id, {{ local_date('started_at') }} as kpi_date, 0 as numerator, 1 as denominator,
        'rejected' as outcome, channel, cast(null as varchar) as topic
    from {{ ref('int_handle_segments') }}
    where is_negative
),

whole as (
    select kpi_id, kpi_date, numerator, denominator, outcome, channel, topic from whole_population
    union all
    select kpi_id, kpi_date, numerator, denominator, outcome, channel, topic from rejected
),

whole_rows as (
    {{ rolled_up_events('average_handle_time', 'whole', ['channel', 'topic'], outcomes=true) }}
    union all
    {{ rolled_up_percentiles('average_handle_time', 'whole', ['channel', 'topic'], outcomes=true) }}
),

part_rows as (
    {{ rolled_up_events('average_handle_time', 'team_population', ['team'], outcomes=true) }}
    union all
    {{ rolled_up_events('average_handle_time', 'agent_population', ['agent'], outcomes=true) }}
    union all
    {{ rolled_up_percentiles('average_handle_time', 'team_population', ['team'], outcomes=true) }}
    union all
    {{ rolled_up_percentiles('average_handle_time', 'agent_population', ['agent'], outcomes=true) }}
),

sliced_parts as (
    select * from part_rows where dim_name <> 'all'
),

final as (
    {{ published('average_handle_time', ['whole_rows', 'sliced_parts']) }}
)

select * from final
