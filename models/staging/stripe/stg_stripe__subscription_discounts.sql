-- grain: one row per discount of a subscription
with

subscriptions as (
    select * from {{ ref('stg_stripe__subscriptions') }}
),

coupons as (
    select * from {{ ref('stg_stripe__coupons') }}
),

discounts as (
    {{ json_elements('subscriptions', 'discounts') }}
),

typed as (
    select
        subscription_id,
        {{ json_text('element', '$.id') }} as discount_id,
        {{ json_value('element', '$.start', 'epoch') }} as starts_at,
        {{ json_value('element', '$.end', 'epoch') }} as ends_at,
        {{ stripe_reference(json_text('element', '$.coupon')) }} as coupon_id,
        {{ json_value('element', '$.coupon.percent_off', 'decimal') }} as percent_off,
        {{ json_value('element', '$.coupon.amount_off', 'decimal') }} as amount_off,
        upper({{ json_text('element', '$.coupon.currency') }}) as currency,
        {{ json_text('element', '$.coupon.duration') }} as duration,
        currency as subscription_currency
    from discounts
),

-- A coupon that the discount does not repeat is looked up.
with_coupons as (
    select
        typed.discount_id,
        typed.subscription_id,
        coalesce(typed.percent_off, coupons.percent_off) as percent_off,
        coalesce(typed.amount_off, coupons.amount_off) as amount_off,
        coalesce(typed.currency, coupons.currency, typed.subscription_currency) as currency,
        coalesce(typed.duration, coupons.duration) as duration,
        typed.starts_at,
        typed.ends_at
    from typed
    left join coupons
        on typed.coupon_id = coupons.coupon_id
),

renamed as (
    select
        subscription_id,
        discount_id,
        percent_off,
        {{ major_units('amount_off', stripe_exponent('currency')) }} as amount_off,
        duration,
        starts_at,
        ends_at
    from with_coupons
)

select * from renamed
