-- grain: one row per month, quarter or year with an inventory known at both ends: the periodic cost of goods (contract 4.A4)
with

inventory as (
    select * from {{ ref('fct_inventory') }}
),

snapshots as (
    select * from inventory where inventory_kind = 'snapshot'
),

periods as (
    select grain, period_start, period_end, closing_date
    from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

-- The inventory at an end is its latest snapshot by then.
ends as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        max(case when snapshots.inventory_date < periods.period_start then snapshots.inventory_date end) as opening_date,
        max(snapshots.inventory_date) as closing_date
    from periods
    inner join snapshots
        on snapshots.inventory_date < periods.closing_date
    group by 1, 2, 3
),

purchases as (
    select ends.grain, ends.period_start, sum(inventory.amount) as amount
    from ends
    inner join inventory
        on
            inventory.inventory_kind = 'purchases'
            and ends.period_start <= inventory.inventory_date
            and inventory.inventory_date < ends.period_end
    group by 1, 2
),

product_costs as (
    select ends.grain, ends.period_start, sum(costs.cost_amount) as amount
    from ends
    inner join {{ ref('fct_costs') }} as costs
        on
            costs.cost_kind <> 'expense'
            and ends.period_start <= costs.cost_date
            and costs.cost_date < ends.period_end
    group by 1, 2
),

final as (
    select
        ends.grain,
        ends.period_start,
        opening.amount as opening_amount,
        cast(coalesce(purchases.amount, 0) as decimal(18, 4)) as purchased_amount,
        closing.amount as closing_amount,
        cast(coalesce(product_costs.amount, 0) as decimal(18, 4)) as product_cost_amount
    from ends
    inner join snapshots as opening
        on ends.opening_date = opening.inventory_date
    inner join snapshots as closing
        on ends.closing_date = closing.inventory_date
    left join purchases
        on ends.grain = purchases.grain and ends.period_start = purchases.period_start
    left join product_costs
        on ends.grain = product_costs.grain and ends.period_start = product_costs.period_start
)

select * from final
