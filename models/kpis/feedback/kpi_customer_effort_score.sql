-- grain: one row per KPI id, grain, period and slice
-- contract 4.F3: mean score on the 7-point agreement scale, the latest response on a ticket; other scales stay in their own survey
with

responses as (
    select
        *,
        responded_date as kpi_date,
        coalesce(ticket_id, respondent_id, response_id) as unit_id,
        case when is_valid_score then 'counted' else 'rejected' end as outcome,
        scale_min = 1 and scale_max = 7 as is_agreement_scale
    from {{ ref('fct_survey_responses') }}
    where kind = 'ces' and has_score
),

scored as (
    select 'customer_effort_score' as kpi_id, score as numerator, 1 as denominator, * from responses
    union all
    select 'ces_easy_rate', case when score >= 5 then 1 else 0 end, 1, * from responses
    where is_agreement_scale
),

agreement as (
    select * from scored where is_agreement_scale
),

legacy as (
    select * from scored where not is_agreement_scale
),

agreement_rows as (
    {{ rolled_up_latest('customer_effort_score', 'agreement', d_surv()) }}
),

legacy_rows as (
    {{ rolled_up_latest('customer_effort_score', 'legacy', ['survey']) }}
),

-- A period in which nobody answered on the agreement scale has an undivided row nevertheless.
legacy_surveys as (
    select * from legacy_rows
    where dim_name = 'survey'
    union all
    select
        {{ rolled_up_with('legacy_rows', {
            'numerator': 0, 'denominator': 0, 'sample_size': 0, 'contributions': 0, 'rejected_rows': 0,
        }) }}
    from legacy_rows
    left join agreement_rows
        on
            legacy_rows.kpi_id = agreement_rows.kpi_id
            and legacy_rows.grain = agreement_rows.grain
            and legacy_rows.period_start = agreement_rows.period_start
            and agreement_rows.dim_name = 'all'
    where legacy_rows.dim_name = 'all' and agreement_rows.kpi_id is null
),

final as (
    {{ published('customer_effort_score', ['agreement_rows', 'legacy_surveys']) }}
)

select * from final
