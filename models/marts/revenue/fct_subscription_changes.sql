-- grain: one row per version of a subscription item that has begun: what changed when, against the version it replaced
with

versions as (
    select * from {{ ref('int_subscription_prices') }}
    where valid_from < {{ as_of() }}
),

final as (
    select
        versions.subscription_id,
        versions.item_id,
        subscriptions.account_id,
        versions.product_id,
        versions.change_reason,
        versions.valid_from as changed_at,
        {{ local_date('versions.valid_from') }} as changed_date,
        {{ money('versions.monthly_price') }} as monthly_price,
        {{ money('versions.replaced_monthly_price') }} as replaced_monthly_price,
        coalesce(versions.change_reason in ('upgrade', 'seats') and versions.monthly_price > versions.replaced_monthly_price, false) as is_upsell,
        coalesce(versions.change_reason = 'add_on', false) as is_add_on
    from versions
    inner join {{ ref('int_subscriptions') }} as subscriptions
        on versions.subscription_id = subscriptions.subscription_id
)

select * from final
