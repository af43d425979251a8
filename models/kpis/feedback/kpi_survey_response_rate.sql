-- grain: one row per KPI id, grain, period and slice
-- contract 5.4: of the invitations sent in the period, the share with a valid response
with

answered as (
    select distinct invitation_id
    from {{ ref('fct_survey_responses') }}
    where is_valid_score and invitation_id is not null
),

population as (
    select
        'survey_response_rate' as kpi_id,
        {{ local_date('invitations.sent_at') }} as kpi_date,
        case when answered.invitation_id is not null then 1 else 0 end as numerator,
        1 as denominator,
        invitations.survey_id as survey
    from {{ ref('int_survey_invitations') }} as invitations
    left join answered
        on invitations.invitation_id = answered.invitation_id
),

by_period as (
    {{ rolled_up_events('survey_response_rate', 'population', ['survey']) }}
),

final as (
    {{ published('survey_response_rate', ['by_period']) }}
)

select * from final
