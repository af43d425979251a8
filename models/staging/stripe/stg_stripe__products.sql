-- grain: one row per product
with

source as (
    {{ stripe_objects('products') }}
),

renamed as (
    select
        {{ typed('stripe', 'products', 'id') }} as product_id,
        {{ typed('stripe', 'products', 'name') }} as name,
        {{ typed('stripe', 'products', 'active') }} as is_active,
        {{ typed('stripe', 'products', 'created') }} as created_at
    from source
)

select * from renamed
