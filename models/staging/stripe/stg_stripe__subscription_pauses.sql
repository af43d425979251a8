-- grain: one row per pause of a subscription
with

subscriptions as (
    select * from {{ ref('stg_stripe__subscriptions') }}
),

-- Stripe does not say since when a subscription is paused; whoever exports it notes that in the metadata.
final as (
    select
        subscription_id,
        paused_at,
        resumed_at
    from subscriptions
    where paused_at is not null
)

select * from final
