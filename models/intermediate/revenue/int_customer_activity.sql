-- grain: one row per account and interval (valid_from, valid_to] in which something makes it an active customer (contract G-21)
with

final as (
    {% if var('customer_model') in ('subscription', 'hybrid') -%}
    select account_id, 'subscription' as basis, valid_from, valid_to, end_cause
    from {{ ref('int_subscription_mrr') }}
    {% endif -%}
    {{ 'union all' if var('customer_model') == 'hybrid' }}
    {% if var('customer_model') in ('transactional', 'hybrid') -%}
    -- An order makes an active customer of its account for the window that follows it, in local calendar days.
    select
        account_id,
        'order' as basis,
        ordered_at as valid_from,
        {{ utc_instant(local_time('ordered_at') ~ " + interval '" ~ var('activity_window_days') ~ "' day") }} as valid_to,
        'voluntary' as end_cause
    from {{ ref('int_orders') }}
    where is_valid and account_id is not null
    {% endif -%}
)

select * from final
where valid_from < {{ as_of() }}
