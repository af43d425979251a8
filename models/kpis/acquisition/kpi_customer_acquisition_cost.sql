-- grain: one row per KPI id, grain, period and slice
-- contract 4.C1: the acquisition share of sales and marketing cost over the accounts that paid for the first time
with

costs as (
    select
        spent_on as kpi_date,
        lagged_month,
        expense_function,
        acquisition_amount as numerator,
        0 as denominator,
        channel as acquisition_channel
    from {{ ref('fct_expenses') }}
    where expense_function in ('sales', 'marketing')
),

new_customers as (
    select first_paid_date as kpi_date, 0 as numerator, 1 as denominator, acquisition_channel
    from {{ ref('fct_new_customers') }}
),

population as (
    select 'customer_acquisition_cost' as kpi_id, kpi_date, numerator, denominator, acquisition_channel from costs
    union all
    select 'customer_acquisition_cost', kpi_date, numerator, denominator, acquisition_channel from new_customers
    union all
    select 'cac_marketing_only', kpi_date, numerator, denominator, acquisition_channel from costs
    where expense_function = 'marketing'
    union all
    select 'cac_marketing_only', kpi_date, numerator, denominator, acquisition_channel from new_customers
    union all
    select 'cac_lagged', lagged_month, numerator, denominator, acquisition_channel from costs
    union all
    select 'cac_lagged', kpi_date, numerator, denominator, acquisition_channel from new_customers
),

-- A channel is published where cost is attributed to it: rows without a customer are those of its cost.
by_period as (
    select *
    from ({{ rolled_up_events('customer_acquisition_cost', 'population', ['acquisition_channel']) }}) as rolled_up
    where dim_name = 'all' or contributions > sample_size
),

final as (
    {{ published('customer_acquisition_cost', ['by_period']) }}
)

select * from final
