-- grain: one row per KPI id, grain, period and slice
-- contract 4.B1: of the customers active at opening, the share active at close
with

population as (
    select 'customer_retention_rate' as kpi_id, case when is_active then 1 else 0 end as numerator, 1 as denominator, *
    from ({{ customers_at_opening() }}) as customers
    where was_active
),

cohorts as (
    {{ rolled_up_cohorts('customer_retention_rate', 'population', d_cust()) }}
),

final as (
    {{ published('customer_retention_rate', ['cohorts']) }}
)

select * from final
