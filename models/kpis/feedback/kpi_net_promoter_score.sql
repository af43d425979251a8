-- grain: one row per KPI id, grain, period and slice
-- contract 4.F1: 100 x (promoters - detractors) / responses on the scale 0-10, the latest response of a respondent in the period
with

responses as (
    select
        *,
        responded_date as kpi_date,
        coalesce(respondent_id, response_id) as unit_id,
        case when is_valid_score then 'counted' else 'rejected' end as outcome
    from {{ ref('fct_survey_responses') }}
    where kind = 'nps' and has_score and scale_min = 0 and scale_max = 10
),

population as (
    select 'net_promoter_score' as kpi_id, case when score >= 9 then 1 when score <= 6 then -1 else 0 end as numerator, 1 as denominator, *
    from responses
    union all
    select 'nps_promoter_share', case when score >= 9 then 1 else 0 end, 1, * from responses
    union all
    select 'nps_passive_share', case when score between 7 and 8 then 1 else 0 end, 1, * from responses
    union all
    select 'nps_detractor_share', case when score <= 6 then 1 else 0 end, 1, * from responses
),

latest as (
    {{ rolled_up_latest('net_promoter_score', 'population', d_surv()) }}
),

shares as (
    select
        grain,
        period_start,
        dim_name,
        dim_value,
        max(case when kpi_id = 'nps_promoter_share' then cast(numerator as double) / nullif(denominator, 0) end) as promoters,
        max(case when kpi_id = 'nps_detractor_share' then cast(numerator as double) / nullif(denominator, 0) end) as detractors,
        max(case when kpi_id = 'net_promoter_score' then sample_size end) as sample_size
    from latest
    group by 1, 2, 3, 4
),

-- Responses are +1, 0 or -1: the margin is 1.96 of their standard deviations, in points, over the root of their number.
margins as (
    select
        'nps_margin_of_error' as kpi_id,
        grain,
        period_start,
        dim_name,
        dim_value,
        cast(
            196 * sqrt(greatest(promoters + detractors - (promoters - detractors) * (promoters - detractors), 0)) as decimal(38, 12)
        ) as numerator,
        cast(sqrt(sample_size) as decimal(38, 12)) as denominator,
        cast(null as double) as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        sample_size
    from shares
    where sample_size > 0
),

margin_rows as (
    {{ rolled_up_components('margins') }}
),

final as (
    {{ published('net_promoter_score', ['latest', 'margin_rows']) }}
)

select * from final
