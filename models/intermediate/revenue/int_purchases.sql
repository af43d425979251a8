-- grain: one row per purchase of stock
with

purchases as (
    {{ union_sources('purchases') }}
),

final as (
    select
        purchases.purchase_date,
        purchases.product_id,
        purchases.quantity,
        {{ in_reporting_currency('purchases.cost', 'purchases.currency') }} as purchase_amount
    from purchases
    {{ fx_join('purchases.currency', 'purchases.purchase_date') }}
    where {{ local_midnight('purchases.purchase_date') }} < {{ as_of() }}
)

select * from final
