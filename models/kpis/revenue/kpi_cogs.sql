-- grain: one row per KPI id, grain, period and slice
-- contract 4.A4: cost of the goods sold at their cost on the sale date, less restocked goods at the original cost, plus expenses;
-- beside it the periodic check from the inventory
with

costs as (
    select
        'cogs' as kpi_id,
        cost_date as kpi_date,
        cost_amount as numerator,
        cast(null as decimal(38, 6)) as denominator,
        product_id as product,
        *
    from {{ ref('fct_costs') }}
    where cost_amount is not null
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where kpi_id in ('cogs_periodic', 'cogs_variance')
),

-- Without an inventory at both ends the periodic cost is unknown.
checks as (
    select
        periods.kpi_id,
        periods.grain,
        periods.period_start,
        'all' as dim_name,
        'all' as dim_value,
        case when periods.kpi_id = 'cogs_variance' then inventory.product_cost_amount else 0 end
        + case when periods.kpi_id = 'cogs_variance' then -1 else 1 end
        * (inventory.opening_amount + inventory.purchased_amount - inventory.closing_amount) as numerator,
        cast(null as decimal(38, 6)) as denominator,
        cast(null as double) as value,
        case when inventory.grain is null then 'no_data' end as status,
        case when inventory.grain is null then 0 else 1 end as sample_size
    from periods
    left join {{ ref('fct_inventory_periods') }} as inventory
        on periods.grain = inventory.grain and periods.period_start = inventory.period_start
),

cost_rows as (
    {{ rolled_up_events('cogs', 'costs', ['product'] + d_cust() + ['channel']) }}
),

check_rows as (
    {{ rolled_up_components('checks') }}
),

final as (
    {{ published('cogs', ['cost_rows', 'check_rows']) }}
)

select * from final
