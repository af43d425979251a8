-- grain: one row per subscription item and version of its price and quantity
with

-- An item is delivered once per version where changes are captured, else once.
source as (
    {{ stripe_objects('subscription_items', key=['id', "coalesce(" ~ json_text('metadata', '$.version') ~ ", '1')"]) }}
),

subscriptions as (
    select * from {{ ref('stg_stripe__subscriptions') }}
),

prices as (
    select * from {{ ref('stg_stripe__prices') }}
),

items as (
    select
        {{ typed('stripe', 'subscription_items', 'id') }} as item_id,
        {{ typed('stripe', 'subscription_items', 'subscription') }} as subscription_id,
        {{ typed('stripe', 'subscription_items', 'quantity') }} as quantity,
        {{ typed('stripe', 'subscription_items', 'price') }} as price,
        {{ typed('stripe', 'subscription_items', 'created') }} as created_at,
        {{ json_value(typed('stripe', 'subscription_items', 'metadata'), '$.valid_from', 'epoch') }} as valid_from,
        {{ json_value(typed('stripe', 'subscription_items', 'metadata'), '$.valid_to', 'epoch') }} as valid_to,
        {{ json_text(typed('stripe', 'subscription_items', 'metadata'), '$.change_reason') }} as change_reason
    from source
),

-- The price as it was when the version was written.
typed as (
    select
        item_id,
        subscription_id,
        quantity,
        created_at,
        valid_from,
        valid_to,
        change_reason,
        {{ json_text('price', '$.id') }} as price_id,
        {{ stripe_reference(json_text('price', '$.product')) }} as product_id,
        upper({{ json_text('price', '$.currency') }}) as currency,
        coalesce({{ json_value('price', '$.unit_amount_decimal', 'decimal') }}, {{ json_value('price', '$.unit_amount', 'decimal') }}) as unit_amount,
        {{ json_text('price', '$.type') }} as type,
        {{ json_text('price', '$.recurring.interval') }} as interval_unit,
        {{ json_value('price', '$.recurring.interval_count', 'integer') }} as interval_count,
        {{ json_text('price', '$.recurring.usage_type') }} as usage_type
    from items
),

-- What an item does not repeat of its price is looked up; a price never changes its amount.
priced as (
    select
        typed.item_id,
        typed.subscription_id,
        typed.quantity,
        typed.price_id,
        typed.change_reason,
        coalesce(typed.valid_from, typed.created_at, subscriptions.started_at) as valid_from,
        typed.valid_to,
        coalesce(typed.product_id, prices.product_id) as product_id,
        coalesce(typed.currency, prices.currency, subscriptions.currency) as currency,
        coalesce(typed.unit_amount, prices.unit_amount) as unit_amount,
        coalesce(typed.type, prices.type) as type,
        coalesce(typed.interval_unit, prices.interval_unit) as interval_unit,
        coalesce(typed.interval_count, prices.interval_count) as interval_count,
        coalesce(typed.usage_type, prices.usage_type) as usage_type
    from typed
    inner join subscriptions
        on typed.subscription_id = subscriptions.subscription_id
    left join prices
        on typed.price_id = prices.price_id
),

renamed as (
    select
        subscription_id,
        item_id,
        product_id,
        price_id as plan_id,
        quantity,
        {{ major_units('unit_amount', stripe_exponent('currency')) }} as unit_price,
        currency,
        interval_unit as {{ adapter.quote('interval') }},
        interval_count,
        case
            when type = 'one_time' then 'one_time'
            when usage_type = 'metered' then 'usage'
            else 'recurring'
        end as price_type,
        change_reason,
        valid_from,
        valid_to
    from priced
)

select * from renamed
