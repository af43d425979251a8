-- grain: one row per account and interval (valid_from, valid_to] in which something makes it an active customer (contract G-21)
with

final as (
    {% if var('customer_model') in ('subscription', 'hybrid') -%}
    select account_id, 'subscription' as basis, valid_from, valid_to, end_cause
    from {{ ref('int_subscription_mrr') }}
    {% endif -%}
    {{ 'union all' if var('customer_model') == 'hybrid' }}
    {% if var('customer_model') in ('transactional', 'hybrid') -%}
    -- An order on day D makes an active customer of the closings up to the midnight that begins day D + window.
    select
        account_id,
        'order' as basis,
        ordered_at as valid_from,
        {{ local_midnight(add_days(local_date('ordered_at'), var('activity_window_days'))) }} as valid_to,
        'voluntary' as end_cause
    from {{ ref('int_orders') }}
    where is_valid
    {% endif -%}
)

select * from final
where valid_from < {{ as_of() }}
