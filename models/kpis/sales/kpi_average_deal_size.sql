-- grain: one row per KPI id, grain, period and slice
-- contract 5.3: amount per new or expansion opportunity won in the period
with

population as (
    select
        'average_deal_size' as kpi_id, decided_date as kpi_date,
        coalesce(amount, 0) as numerator, 1 as denominator, {{ slice_columns(d_sales()) }}
    from {{ ref('fct_opportunities') }}
    where outcome = 'won' and {{ is_new_business() }}
),

by_period as (
    {{ rolled_up_events('average_deal_size', 'population', d_sales()) }}
),

final as (
    {{ published('average_deal_size', ['by_period']) }}
)

select * from final
