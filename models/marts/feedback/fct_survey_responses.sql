-- grain: one row per survey response of a customer
with

responses as (
    select * from {{ ref('int_survey_responses') }}
),

tickets as (
    select ticket_id, channel, coalesce(solved_by, assignee) as agent
    from {{ ref('fct_tickets') }}
),

joined as (
    select
        responses.*,
        tickets.channel,
        tickets.agent
    from responses
    left join tickets
        on responses.ticket_id = tickets.ticket_id
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
