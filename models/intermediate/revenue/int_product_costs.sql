-- grain: one row per product and validity interval of its unit cost; dates half-open
with

costs as (
    {{ union_sources('product_cost') }}
),

final as (
    select
        product_id,
        unit_cost,
        currency,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to
    from costs
)

select * from final
