-- grain: one row per pause of a subscription
with

pauses as (
    {{ union_sources('subscription_pause') }}
),

final as (
    select
        subscription_id,
        paused_at,
        resumed_at
    from pauses
)

select * from final
