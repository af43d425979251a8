-- grain: one row per KPI id, grain, period and slice
-- contract 5.1: customer lifetime value over customer acquisition cost
with

periods as (
    select * from {{ ref('int_kpi_periods') }} where kpi_id = 'ltv_cac_ratio'
),

lifetimes as (
    select * from {{ ref('int_lifetime_components') }} where dim_name = 'all'
),

costs as (
    select * from {{ ref('kpi_customer_acquisition_cost') }} where kpi_id = 'customer_acquisition_cost' and dim_name = 'all'
),

population as (
    select
        periods.kpi_id, periods.grain, periods.period_start, 'all' as dim_name, 'all' as dim_value,
        lifetimes.profit_per_month / nullif(lifetimes.churn, 0) as numerator,
        costs.value as denominator,
        lifetimes.profit_per_month / nullif(lifetimes.churn, 0) / nullif(costs.value, 0) as value,
        case
            when lifetimes.churned = 0 then 'no_churn_observed'
            else {{ status_of_sample('costs.sample_size') }}
        end as status,
        costs.sample_size
    from periods
    left join lifetimes
        on periods.grain = lifetimes.grain and periods.period_start = lifetimes.period_start
    left join costs
        on periods.grain = costs.grain and periods.period_start = costs.period_start
),

component_rows as (
    {{ rolled_up_components('population') }}
),

final as (
    {{ published('ltv_cac_ratio', ['component_rows']) }}
)

select * from final
