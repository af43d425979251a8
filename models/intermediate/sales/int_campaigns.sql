-- grain: one row per campaign
with

campaigns as (
    {{ union_sources('campaign') }}
),

final as (
    select
        campaign_id,
        channel,
        coalesce(is_paid, false) as is_paid
    from campaigns
)

select * from final
