-- grain: one row per order; validity as of the build (contract 4.B5)
with

orders as (
    {{ union_sources('order') }}
),

-- A guest is known by e-mail, kept as a hash: an address never leaves the intermediate layer.
identified as (
    select
        order_id,
        coalesce(account_id, 'guest-' || md5(lower(trim(buyer_email)))) as account_id,
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
        sum(cast(quantity as double) * cast(unit_price as double) - coalesce(cast(discount as double), 0)) as net_amount
    from ({{ union_sources('order_line') }}) as unioned
    group by 1
),

refunds as (
    select order_id, sum(cast(amount_ex_tax as double)) as refunded_amount
    from {{ ref('int_refunds') }}
    where order_id is not null
    group by 1
),

final as (
    select
        kept.*,
        coalesce(lines.net_amount, 0) as net_amount,
        coalesce(refunds.refunded_amount, 0) as refunded_amount,
        kept.status in ('paid', 'fulfilled') as is_sale,
        kept.status in ('paid', 'fulfilled')
        and kept.exchange_of_order_id is null
        and (coalesce(lines.net_amount, 0) > 0 or (kept.is_replacement and kept.status = 'paid'))
        and not (coalesce(refunds.refunded_amount, 0) > 0 and refunds.refunded_amount >= lines.net_amount - 0.00005) as is_valid
    from kept
    left join lines
        on kept.order_id = lines.order_id
    left join refunds
        on kept.order_id = refunds.order_id
)

select * from final
