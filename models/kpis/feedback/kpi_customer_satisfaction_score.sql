-- grain: one row per KPI id, grain, period and slice
-- contract 4.F2: share of satisfied responses, the latest response on a ticket in the period, each judged on its own scale
with

responses as (
    select
        *,
        responded_date as kpi_date,
        coalesce(ticket_id, respondent_id, response_id) as unit_id,
        case when is_valid_score then 'counted' else 'rejected' end as outcome,
        scale_min || '-' || scale_max as scale,
        -- the top of two or three points, the top two of more
        score > scale_max - case when scale_max - scale_min <= 2 then 1 else 2 end as is_satisfied
    from {{ ref('fct_survey_responses') }}
    where kind = 'csat' and has_score
),

satisfied as (
    select 'customer_satisfaction_score' as kpi_id, case when is_satisfied then 1 else 0 end as numerator, 1 as denominator, *
    from responses
),

scored as (
    select 'csat_mean' as kpi_id, score as numerator, 1 as denominator, * from responses
),

satisfied_rows as (
    {{ rolled_up_latest('customer_satisfaction_score', 'satisfied', d_surv()) }}
),

mean_rows as (
    {{ rolled_up_latest('customer_satisfaction_score', 'scored', d_surv() + ['scale']) }}
),

-- Scores of different scales are never pooled: a mean exists only where one scale was in use.
scales as (
    select grain, period_start, dim_name, dim_value, count(distinct scale) as scale_count
    from ({{ rows_by_period_and_slice('customer_satisfaction_score', 'scored', d_surv() + ['scale']) }}) as expanded
    where outcome = 'counted'
    group by 1, 2, 3, 4
),

unpooled as (
    select
        {{ rolled_up_with('mean_rows', {
            'numerator': 'case when scales.scale_count = 1 then mean_rows.numerator end',
            'denominator': 'case when scales.scale_count = 1 then mean_rows.denominator end',
            'status': 'case when scales.scale_count > 1 then ' ~ status_of_sample('mean_rows.sample_size') ~ ' end',
        }) }}
    from mean_rows
    left join scales
        on
            mean_rows.grain = scales.grain
            and mean_rows.period_start = scales.period_start
            and mean_rows.dim_name = scales.dim_name
            and mean_rows.dim_value = scales.dim_value
),

final as (
    {{ published('customer_satisfaction_score', ['satisfied_rows', 'unpooled']) }}
)

select * from final
