-- grain: one row per KPI id, grain, period and slice
-- contract 4.E2: mean minutes that agents worked on an interaction, counted where the interaction ends
with

legs as (
    select 'average_handle_time' as kpi_id, ended_date as kpi_date, 1 as denominator, 'counted' as outcome, *
    from {{ ref('fct_interaction_agents') }}
),

-- An interaction passed between agents is one interaction; a team or an agent counts its own minutes over those it took part in.
{%- for name, column, alias in [('whole', 'channel, topic', ''), ('team', 'team', ''), ('agent', 'agent_id', ' as agent')] %}
{{ name }}_population as (
    select
        kpi_id, kpi_date, denominator, outcome, interaction_id,
        {{ column ~ alias }},
        sum(handle_seconds) as numerator
    from legs
    group by kpi_id, kpi_date, denominator, outcome, interaction_id, {{ column }}
),
{%- endfor %}

interactions as (
    select * from {{ ref('int_interactions') }}
),

whole as (
    select kpi_id, kpi_date, numerator, denominator, outcome, channel, topic from whole_population
    union all
    select 'average_handle_time', {{ local_date('interactions.ended_at') }}, 0, 1, 'rejected', interactions.channel, interactions.topic
    from interactions
    inner join {{ ref('int_handle_segments') }} as segments
        on interactions.interaction_id = segments.interaction_id
    where segments.is_negative and interactions.ended_at is not null
    union all
    select 'average_handle_time', {{ local_date('started_at') }}, 0, 1, 'censored', channel, topic
    from interactions
    where ended_at is null and is_handled
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
