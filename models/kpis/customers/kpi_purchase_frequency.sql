-- grain: one row per KPI id, grain, period and slice
-- contract 4.B5: valid orders of the period over the buyers who placed them
with

population as (
    select 'purchase_frequency' as kpi_id, ordered_date as kpi_date, buyer_id as unit_id, 1 as numerator, *
    from {{ ref('fct_orders') }}
    where is_valid
),

buyers as (
    {{ rolled_up_units('purchase_frequency', 'population', d_cust() + ['channel']) }}
),

final as (
    {{ published('purchase_frequency', ['buyers']) }}
)

select * from final
