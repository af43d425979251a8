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

inventory as (
    select * from {{ ref('fct_inventory') }}
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where kpi_id in ('cogs_periodic', 'cogs_variance')
),

snapshot_dates as (
    select
        periods.kpi_id, periods.grain, periods.period_start, periods.period_end,
        max(case when inventory.inventory_date < periods.period_start then inventory.inventory_date end) as opening_date,
        max(inventory.inventory_date) as closing_date
    from periods
    inner join inventory
        on inventory.inventory_kind = 'snapshot' and inventory.inventory_date < periods.closing_date
    group by 1, 2, 3, 4
),

-- Inventory at the opening, plus purchases, less inventory at the closing.
periodic as (
    select
        snapshot_dates.kpi_id, snapshot_dates.grain, snapshot_dates.period_start,
        sum(
            case
                when inventory.inventory_kind = 'snapshot' and inventory.inventory_date = snapshot_dates.opening_date
                    and inventory.inventory_date = snapshot_dates.closing_date then 0
                when inventory.inventory_kind = 'snapshot' and inventory.inventory_date = snapshot_dates.opening_date then inventory.amount
                when inventory.inventory_kind = 'snapshot' and inventory.inventory_date = snapshot_dates.closing_date then -inventory.amount
                when
                    inventory.inventory_kind = 'purchases'
                    and snapshot_dates.period_start <= inventory.inventory_date
                    and inventory.inventory_date < snapshot_dates.period_end then inventory.amount
            end
        ) as amount
    from snapshot_dates
    cross join inventory
    where snapshot_dates.opening_date is not null
    group by 1, 2, 3
),

product_costs as (
    select periods.kpi_id, periods.grain, periods.period_start, sum(costs.numerator) as amount
    from periods
    inner join costs
        on
            costs.cost_kind <> 'expense'
            and periods.period_start <= costs.kpi_date
            and costs.kpi_date < periods.period_end
    group by 1, 2, 3
),

-- Without an inventory at both ends the periodic cost is unknown.
checks as (
    select
        periods.kpi_id, periods.grain, periods.period_start, 'all' as dim_name, 'all' as dim_value,
        case when periods.kpi_id = 'cogs_periodic' then periodic.amount else coalesce(product_costs.amount, 0) - periodic.amount end as numerator,
        cast(null as decimal(38, 6)) as denominator,
        cast(null as double) as value,
        case when periodic.kpi_id is null then 'no_data' end as status,
        count(periodic.kpi_id) over (partition by periods.kpi_id, periods.grain, periods.period_start) as sample_size
    from periods
    left join periodic
        on periods.kpi_id = periodic.kpi_id and periods.grain = periodic.grain and periods.period_start = periodic.period_start
    left join product_costs
        on periods.kpi_id = product_costs.kpi_id and periods.grain = product_costs.grain and periods.period_start = product_costs.period_start
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
