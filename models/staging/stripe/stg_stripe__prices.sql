-- grain: one row per price
with

source as (
    {{ stripe_objects('prices') }}
),

renamed as (
    select
        {{ typed('stripe', 'prices', 'id') }} as price_id,
        {{ stripe_reference(typed('stripe', 'prices', 'product')) }} as product_id,
        upper({{ typed('stripe', 'prices', 'currency') }}) as currency,
        coalesce({{ typed('stripe', 'prices', 'unit_amount_decimal') }}, {{ typed('stripe', 'prices', 'unit_amount') }}) as unit_amount,
        {{ typed('stripe', 'prices', 'type') }} as type,
        {{ json_text(typed('stripe', 'prices', 'recurring'), '$.interval') }} as interval_unit,
        {{ json_value(typed('stripe', 'prices', 'recurring'), '$.interval_count', 'integer') }} as interval_count,
        {{ json_text(typed('stripe', 'prices', 'recurring'), '$.usage_type') }} as usage_type
    from source
)

select * from renamed
