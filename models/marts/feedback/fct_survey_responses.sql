-- grain: one row per survey response of a customer
with

responses as (
    select * from {{ ref('int_survey_responses') }}
),

tickets as (
    select ticket_id, channel, account_id from {{ ref('fct_tickets') }}
),

replies as (
    select ticket_id, count(distinct coalesce(author_id, 'unknown')) as agents_involved
    from {{ ref('int_ticket_messages') }}
    where is_agent and is_public
    group by 1
),

-- The agent is who solved the ticket last before the response.
solvers as (
    select response_id, solver_id
    from (
        select
            responses.response_id,
            status_events.changed_by as solver_id,
            row_number() over (partition by responses.response_id order by status_events.event_number desc) as recency
        from responses
        inner join {{ ref('int_ticket_status_events') }} as status_events
            on
                responses.ticket_id = status_events.ticket_id
                and status_events.is_solve
                and status_events.changed_at < responses.responded_at
    ) as ranked
    where recency = 1
),

joined as (
    select
        {{ star_except('responses', 'account_id') }},
        coalesce(responses.account_id, tickets.account_id) as account_id,
        tickets.channel,
        case when tickets.ticket_id is not null then coalesce(replies.agents_involved, 0) end as agents_involved,
        solvers.solver_id as agent
    from responses
    left join tickets
        on responses.ticket_id = tickets.ticket_id
    left join replies
        on responses.ticket_id = replies.ticket_id
    left join solvers
        on responses.response_id = solvers.response_id
),

account_history as (
    select * from {{ ref('int_account_history') }}
),

assignments as (
    select * from {{ ref('int_staff_assignments') }}
),

final as (
    select
        joined.response_id,
        joined.survey_id as survey,
        joined.kind,
        joined.scale_min,
        joined.scale_max,
        joined.score,
        joined.has_score,
        coalesce(joined.is_valid_score, false) as is_valid_score,
        joined.respondent_id,
        joined.account_id,
        joined.ticket_id,
        joined.invitation_id,
        joined.had_to_repeat,
        joined.responded_at,
        {{ local_date('joined.responded_at') }} as responded_date,
        joined.channel,
        account_history.segment,
        joined.agent,
        joined.agents_involved,
        assignments.team
    from joined
    left join account_history
        on
            joined.account_id = account_history.account_id
            and {{ valid_at('joined.responded_at', 'account_history.valid_from', 'account_history.valid_to') }}
    left join assignments
        on
            joined.agent = assignments.user_id
            and {{ local_date('joined.responded_at') }} between assignments.valid_from and assignments.valid_to
)

select * from final
