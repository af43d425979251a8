-- grain: one row per product and snapshot of the inventory, in reporting currency
with

snapshots as (
    {{ union_sources('inventory_value') }}
),

final as (
    select
        snapshot_date,
        product_id,
        quantity,
        {{ money(adapter.quote('value')) }} as inventory_amount
    from snapshots
    where {{ local_midnight('snapshot_date') }} < {{ as_of() }}
)

select * from final
