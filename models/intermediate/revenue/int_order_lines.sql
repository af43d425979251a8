-- grain: one row per order line, in native currency, net of discount, without tax
with

lines as (
    {{ union_sources('order_line') }}
),

final as (
    select
        line_id,
        order_id,
        product_id,
        quantity,
        {{ exact_amount('quantity * unit_price - coalesce(discount, 0)') }} as net_amount
    from lines
)

select * from final
