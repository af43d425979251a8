-- grain: one row per order; validity as of the build (contract 4.B5)
with

orders as (
    {{ union_sources('order') }}
),

-- A guest is a buyer known by e-mail, kept as a hash; one without e-mail is a buyer of one order. A guest is no account.
identified as (
    select
        order_id,
        account_id,
        coalesce('guest-' || md5(nullif(lower(trim(buyer_email)), '')), 'order-' || order_id) as guest_id,
        ordered_at,
        lower(status) as status,
        currency,
        coalesce(is_replacement, false) as is_replacement,
        exchange_of_order_id
    from orders
    where
        not coalesce(is_deleted, false)
        and not {{ is_internal_email('buyer_email') }}
        and ordered_at < {{ as_of() }}
),

kept as (
    {{ of_surviving_accounts('identified') }}
),

lines as (
    select
        order_id,
        sum(net_amount) as net_amount
    from {{ ref('int_order_lines') }}
    group by 1
),

refunds as (
    select order_id, sum({{ exact_amount('amount_ex_tax') }}) as refunded_amount
    from {{ ref('int_refunds') }}
    where order_id is not null
    group by 1
),

-- Orders carry no channel: it is that of the purchase on the website.
purchases as (
    select order_id, channel
    from (
        select
            order_id,
            channel,
            row_number() over (partition by order_id order by occurred_at, event_id) as recency
        from ({{ union_sources('web_event') }}) as unioned
        where
            name = 'purchase'
            and order_id is not null
            and occurred_at < {{ as_of() }}
            and not coalesce(is_bot, false)
            and not coalesce(is_internal, false)
    ) as ranked
    where recency = 1
),

final as (
    select
        {{ star_except('kept', 'guest_id') }},
        coalesce(kept.account_id, kept.guest_id) as buyer_id,
        purchases.channel,
        coalesce(lines.net_amount, 0) as net_amount,
        coalesce(refunds.refunded_amount, 0) as refunded_amount,
        kept.status in ('paid', 'fulfilled') as is_sale,
        kept.status in ('paid', 'fulfilled')
        and kept.exchange_of_order_id is null
        and (coalesce(lines.net_amount, 0) > 0 or (kept.is_replacement and kept.status = 'paid'))
        and not (coalesce(refunds.refunded_amount, 0) > 0 and refunds.refunded_amount >= lines.net_amount) as is_valid
    from kept
    left join lines
        on kept.order_id = lines.order_id
    left join refunds
        on kept.order_id = refunds.order_id
    left join purchases
        on kept.order_id = purchases.order_id
)

select * from final
