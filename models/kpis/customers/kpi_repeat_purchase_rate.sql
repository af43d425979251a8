-- grain: one row per KPI id, grain, period and slice
-- contract 5.2: of the buyers of the window, the share with two valid orders or more
with

population as (
    select 'repeat_purchase_rate' as kpi_id, ordered_date as kpi_date, buyer_id as unit_id, 1 as numerator, *
    from {{ ref('fct_orders') }}
    where is_valid
),

buyers as (
    {{ rolled_up_units('repeat_purchase_rate', 'population', d_cust(), at_least=2) }}
),

final as (
    {{ published('repeat_purchase_rate', ['buyers']) }}
)

select * from final
