-- grain: one row per KPI id, grain, period and slice
-- contract 5.4: of the invitations sent in the period, the share with a valid response
with

population as (
    select
        'survey_response_rate' as kpi_id,
        sent_date as kpi_date,
        case when is_answered then 1 else 0 end as numerator,
        1 as denominator,
        survey
    from {{ ref('fct_survey_invitations') }}
),

by_period as (
    {{ rolled_up_events('survey_response_rate', 'population', ['survey']) }}
),

final as (
    {{ published('survey_response_rate', ['by_period']) }}
)

select * from final
