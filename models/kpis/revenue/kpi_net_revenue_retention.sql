-- grain: one row per KPI id, grain, period and slice
-- contract 5.1: of the MRR of the opening customers, at constant currency, the share that they pay at the close, expansion included; 1 less it is the churn
with

customers as (
    select *, closing_amount as retained_amount
    from ({{ customers_at_opening() }}) as customers
    where opening_amount > 0
),

population as (
    select 'net_revenue_retention' as kpi_id, retained_amount as numerator, opening_cc_amount as denominator, * from customers
    union all
    select 'net_mrr_churn_rate' as kpi_id, opening_cc_amount - retained_amount as numerator, opening_cc_amount as denominator, * from customers
),

cohorts as (
    {{ rolled_up_cohorts('net_revenue_retention', 'population', d_cust()) }}
),

final as (
    {{ published('net_revenue_retention', ['cohorts']) }}
)

select * from final
