-- grain: one row per event of a visitor: no bots, no internal traffic, no carts of test orders
with

events as (
    {{ union_sources('web_event') }}
),

orders as (
    {{ union_sources('order') }}
),

account_keys as (
    select account_id, is_excluded from {{ ref('int_account_keys') }}
),

visits as (
    select
        event_id,
        session_id,
        cart_id,
        form_id,
        order_id,
        lower(name) as name,
        occurred_at,
        device,
        channel,
        campaign,
        country
    from events
    where
        occurred_at < {{ as_of() }}
        and not coalesce(is_bot, false)
        and not coalesce(is_internal, false)
),

test_orders as (
    select distinct orders.order_id
    from orders
    left join account_keys
        on orders.account_id = account_keys.account_id
    where coalesce(account_keys.is_excluded, false) or {{ is_internal_email('orders.buyer_email') }}
),

test_carts as (
    select distinct visits.cart_id
    from visits
    inner join test_orders
        on visits.order_id = test_orders.order_id
    where visits.cart_id is not null
),

final as (
    select visits.*
    from visits
    left join test_carts
        on visits.cart_id = test_carts.cart_id
    where test_carts.cart_id is null
)

select * from final
