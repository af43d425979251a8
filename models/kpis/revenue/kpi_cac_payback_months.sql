-- grain: one row per KPI id, grain, period and slice
-- contract 5.1: acquisition cost over the gross profit of a month of the new MRR
with

periods as (
    select * from {{ ref('int_kpi_periods') }} where kpi_id = 'cac_payback_months'
),

costs as (
    select * from {{ ref('kpi_customer_acquisition_cost') }} where kpi_id = 'customer_acquisition_cost' and dim_name = 'all'
),

margins as (
    select * from {{ ref('kpi_gross_margin') }} where dim_name = 'all'
),

new_mrr as (
    select periods.grain, periods.period_start, sum(movements.amount) as amount
    from periods
    inner join {{ ref('fct_mrr_movements') }} as movements
        on
            movements.movement = 'new'
            and periods.period_start <= movements.month_start
            and movements.month_start < periods.period_end
    group by 1, 2
),

population as (
    select
        periods.kpi_id, periods.grain, periods.period_start, 'all' as dim_name, 'all' as dim_value,
        costs.numerator,
        coalesce(new_mrr.amount, 0) * margins.value as denominator,
        cast(null as double) as value,
        -- no payback out of a margin that is not positive
        case when margins.value <= 0 then {{ status_of_sample('costs.sample_size') }} end as status,
        costs.sample_size
    from periods
    left join costs
        on periods.grain = costs.grain and periods.period_start = costs.period_start
    left join margins
        on periods.grain = margins.grain and periods.period_start = margins.period_start
    left join new_mrr
        on periods.grain = new_mrr.grain and periods.period_start = new_mrr.period_start
),

component_rows as (
    {{ rolled_up_components('population') }}
),

final as (
    {{ published('cac_payback_months', ['component_rows']) }}
)

select * from final
