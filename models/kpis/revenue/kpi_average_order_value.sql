-- grain: one row per KPI id, grain, period and slice
-- contract 5.2: net value of the valid orders over their count
with

population as (
    select 'average_order_value' as kpi_id, ordered_date as kpi_date, order_amount as numerator, 1 as denominator, *
    from {{ ref('fct_orders') }}
    where is_valid
),

by_period as (
    {{ rolled_up_events('average_order_value', 'population', d_cust() + ['channel']) }}
),

final as (
    {{ published('average_order_value', ['by_period']) }}
)

select * from final
