-- grain: one row per subscription; the export keeps no earlier prices
with

source as (
    {{ newest_rows('ravenstack', 'subscriptions') }}
),

typed as (
    select
        {{ typed('ravenstack', 'subscriptions', 'subscription_id') }} as subscription_id,
        {{ typed('ravenstack', 'subscriptions', 'plan_tier') }} as plan_tier,
        {{ typed('ravenstack', 'subscriptions', 'mrr_amount') }} as mrr_amount,
        {{ typed('ravenstack', 'subscriptions', 'arr_amount') }} as arr_amount,
        {{ typed('ravenstack', 'subscriptions', 'billing_frequency') }} as billing_frequency,
        {{ typed('ravenstack', 'subscriptions', 'start_date') }} as valid_from
    from source
),

-- The amounts are of all seats together, so the quantity is one. A trial costs 0.
renamed as (
    select
        subscription_id,
        subscription_id as item_id,
        plan_tier as product_id,
        plan_tier as plan_id,
        1 as quantity,
        case billing_frequency when 'annual' then arr_amount else mrr_amount end as unit_price,
        'USD' as currency,
        case billing_frequency when 'annual' then 'year' else 'month' end as {{ adapter.quote('interval') }},
        1 as interval_count,
        'recurring' as price_type,
        valid_from
    from typed
)

select * from renamed
