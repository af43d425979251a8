-- grain: one row per subscription
with

source as (
    {{ newest_rows('ravenstack', 'subscriptions') }}
),

-- The end date is the first day without service: what ends in a month is not in its closing balance.
renamed as (
    select
        {{ typed('ravenstack', 'subscriptions', 'subscription_id') }} as subscription_id,
        {{ typed('ravenstack', 'subscriptions', 'account_id') }} as account_id,
        {{ typed('ravenstack', 'subscriptions', 'start_date') }} as started_at,
        {{ typed('ravenstack', 'subscriptions', 'end_date') }} as ended_at
    from source
)

select * from renamed
