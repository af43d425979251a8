-- grain: one row per coupon
with

source as (
    {{ stripe_objects('coupons') }}
),

renamed as (
    select
        {{ typed('stripe', 'coupons', 'id') }} as coupon_id,
        {{ typed('stripe', 'coupons', 'duration') }} as duration,
        {{ typed('stripe', 'coupons', 'percent_off') }} as percent_off,
        {{ typed('stripe', 'coupons', 'amount_off') }} as amount_off,
        upper({{ typed('stripe', 'coupons', 'currency') }}) as currency
    from source
)

select * from renamed
