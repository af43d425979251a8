-- grain: one row per recurring version of a subscription item; usage and one-off prices are no MRR (contract 4.A1)
with

versions as (
    {{ union_sources('subscription_version') }}
),

subscriptions as (
    select subscription_id from {{ ref('int_subscriptions') }}
),

final as (
    select
        versions.subscription_id,
        coalesce(item_id, versions.subscription_id) as item_id,
        product_id,
        plan_id,
        coalesce(quantity, 1) as quantity,
        unit_price,
        upper(currency) as currency,
        lower({{ adapter.quote('interval') }}) as billing_unit,
        cast(coalesce(interval_count, 1) as integer) as interval_count,
        lower(change_reason) as change_reason,
        valid_from,
        valid_to
    from versions
    inner join subscriptions
        on versions.subscription_id = subscriptions.subscription_id
    where coalesce(price_type, 'recurring') = 'recurring'
)

select * from final
