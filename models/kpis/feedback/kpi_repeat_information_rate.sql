-- grain: one row per KPI id, grain, period and slice
-- contract 4.F4: of the respondents who answered the question, the share who had to repeat information; the operational proxy beside it
with

contacts as (
    select * from {{ ref('fct_ticket_contacts') }}
),

answers as (
    select
        'repeat_information_rate' as kpi_id,
        responses.responded_date as kpi_date,
        coalesce(responses.respondent_id, responses.response_id) as unit_id,
        responses.responded_at,
        responses.response_id,
        case when responses.had_to_repeat then 1 else 0 end as numerator,
        1 as denominator,
        'counted' as outcome,
        tickets.channel,
        tickets.priority,
        tickets.{{ adapter.quote('group') }},
        tickets.assignee,
        tickets.topic,
        responses.segment as customer_segment,
        responses.account_id,
        responses.agents_involved
    from {{ ref('fct_survey_responses') }} as responses
    left join {{ ref('fct_tickets') }} as tickets
        on responses.ticket_id = tickets.ticket_id
    where responses.had_to_repeat is not null
),

handoffs as (
    select
        'handoff_rate' as kpi_id,
        resolved_date as kpi_date,
        case when replying_agent_count >= 2 then 1 else 0 end as numerator,
        1 as denominator,
        channel,
        priority,
        {{ adapter.quote('group') }},
        assignee,
        topic,
        segment_at_resolution as customer_segment,
        account_id
    from contacts
    where is_resolved and replying_agent_count > 0
),

answer_rows as (
    {{ rolled_up_latest('repeat_information_rate', 'answers', d_svc() + ['agents_involved']) }}
),

handoff_rows as (
    {{ rolled_up_events('repeat_information_rate', 'handoffs', d_svc()) }}
),

final as (
    {{ published('repeat_information_rate', ['answer_rows', 'handoff_rows']) }}
)

select * from final
