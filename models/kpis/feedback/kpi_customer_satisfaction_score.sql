-- grain: one row per KPI id, grain, period and slice
-- contract 4.F2: share of satisfied responses, the latest response on a ticket in the period, each judged on its own scale
with

responses as (
    select
        *,
        responded_date as kpi_date,
        coalesce(ticket_id, respondent_id, response_id) as unit_id,
        case when is_valid_score then 'counted' else 'rejected' end as outcome,
        case
            when scale_max <= 3 then score = scale_max
            when scale_max in (4, 5, 7, 10) then score >= scale_max - 1
        end as is_satisfied
    from {{ ref('fct_survey_responses') }}
    where kind = 'csat' and has_score
),

population as (
    select 'customer_satisfaction_score' as kpi_id, case when is_satisfied then 1 else 0 end as numerator, 1 as denominator, *
    from responses
),

latest as (
    {{ rolled_up_latest('customer_satisfaction_score', 'population', d_surv()) }}
),

final as (
    {{ published('customer_satisfaction_score', ['latest']) }}
)

select * from final
