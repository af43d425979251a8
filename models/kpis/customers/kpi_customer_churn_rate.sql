-- grain: one row per KPI id, grain, period and slice
-- contract 4.B2: of the customers active at opening, the share not active at close
with

population as (
    select 'customer_churn_rate' as kpi_id, case when is_active then 0 else 1 end as numerator, 1 as denominator, *
    from ({{ customers_at_opening() }}) as customers
    where was_active
),

cohorts as (
    {{ rolled_up_cohorts('customer_churn_rate', 'population', d_cust(), outcome_slices=['churn_subtype']) }}
),

final as (
    {{ published('customer_churn_rate', ['cohorts']) }}
)

select * from final
