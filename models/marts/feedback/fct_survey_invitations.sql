-- grain: one row per survey invitation
with

invitations as (
    select * from {{ ref('int_survey_invitations') }}
),

answered as (
    select distinct invitation_id
    from {{ ref('fct_survey_responses') }}
    where is_valid_score and invitation_id is not null
),

final as (
    select
        invitations.invitation_id,
        invitations.survey_id as survey,
        invitations.sent_at,
        {{ local_date('invitations.sent_at') }} as sent_date,
        answered.invitation_id is not null as is_answered
    from invitations
    left join answered
        on invitations.invitation_id = answered.invitation_id
)

select * from final
