-- grain: one row per inventory snapshot or day of purchases: what the periodic cost of goods rests on (contract 4.A4)
with

snapshots as (
    select 'snapshot' as inventory_kind, snapshot_date as inventory_date, sum(inventory_amount) as amount
    from {{ ref('int_inventory_values') }}
    group by 1, 2
),

purchases as (
    select 'purchases' as inventory_kind, purchase_date as inventory_date, sum(purchase_amount) as amount
    from {{ ref('int_purchases') }}
    group by 1, 2
),

final as (
    select inventory_kind, inventory_date, cast(amount as decimal(18, 4)) as amount from snapshots
    union all
    select inventory_kind, inventory_date, cast(amount as decimal(18, 4)) from purchases
)

select * from final
