-- grain: one row per KPI id, grain, period and slice
-- contract 4.F1: 100 x (promoters - detractors) / responses, the latest response of a respondent in the period
with

population as (
    select
        'net_promoter_score' as kpi_id,
        responded_date as kpi_date,
        coalesce(respondent_id, response_id) as unit_id,
        responded_at,
        response_id,
        case when score >= 9 then 1 when score <= 6 then -1 else 0 end as numerator,
        1 as denominator,
        case when is_valid_score then 'counted' else 'rejected' end as outcome,
        survey,
        channel,
        segment,
        agent,
        team
    from {{ ref('fct_survey_responses') }}
    where kind = 'nps' and has_score
),

latest as (
    {{ rolled_up_latest('net_promoter_score', 'population', d_surv()) }}
),

final as (
    {{ published('net_promoter_score', ['latest']) }}
)

select * from final
