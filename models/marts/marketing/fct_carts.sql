-- grain: one row per cart that something was put into, with what became of it (contract 4.C6)
with

events as (
    select * from {{ ref('int_web_events') }}
    where cart_id is not null
),

-- The cart begins with its first add, which also says where the visitor came from.
first_adds as (
    select *
    from (
        select *, row_number() over (partition by cart_id order by occurred_at, event_id) as add_number
        from events
        where name = 'add_to_cart'
    ) as ranked
    where add_number = 1
),

steps as (
    select
        first_adds.cart_id,
        max(case when events.name = 'begin_checkout' then 1 else 0 end) as has_checkout,
        min(case when events.name = 'purchase' and events.occurred_at >= first_adds.occurred_at then events.occurred_at end) as purchased_at
    from first_adds
    inner join events
        on first_adds.cart_id = events.cart_id
    group by 1
),

final as (
    select
        first_adds.cart_id,
        first_adds.occurred_at as started_at,
        {{ local_date('first_adds.occurred_at') }} as started_date,
        steps.purchased_at,
        steps.has_checkout = 1 as has_checkout,
        coalesce(
            steps.purchased_at <= first_adds.occurred_at + interval '{{ var("abandonment_window_hours") }}' hour, false
        ) as is_purchased_in_window,
        '{{ var("abandonment_basis") }}' = 'cart' or ('{{ var("abandonment_basis") }}' = 'checkout' and steps.has_checkout = 1) as is_abandonment_basis,
        case when steps.has_checkout = 1 then 'begin_checkout' else 'add_to_cart' end as checkout_step,
        first_adds.device,
        first_adds.channel,
        first_adds.campaign,
        first_adds.country
    from first_adds
    inner join steps
        on first_adds.cart_id = steps.cart_id
)

select * from final
