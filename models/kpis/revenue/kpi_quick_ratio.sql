-- grain: one row per KPI id, grain, period and slice
-- contract 5.1: new and expansion MRR over churned and contracted MRR, as the sums of the monthly movements
with

population as (
    select
        'quick_ratio' as kpi_id,
        month_start as kpi_date,
        case when movement in ('new', 'expansion') then amount else 0 end as numerator,
        case when movement in ('churn', 'contraction') then amount else 0 end as denominator,
        *
    from {{ ref('fct_mrr_movements') }}
    where movement in ('new', 'expansion', 'churn', 'contraction')
),

by_period as (
    {{ rolled_up_events('quick_ratio', 'population', d_cust()) }}
),

final as (
    {{ published('quick_ratio', ['by_period']) }}
)

select * from final
