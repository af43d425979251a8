-- grain: one row per subscription item and interval (valid_from, valid_to] of constant paid monthly amount
with

items as (
    select * from {{ ref('int_subscription_mrr') }}
),

final as (
    select
        subscription_id,
        item_id,
        account_id,
        product_id,
        plan_id,
        billing_interval,
        currency,
        {{ money('monthly_amount') }} as monthly_amount,
        change_reason,
        end_cause,
        valid_from,
        valid_to
    from items
)

select * from final
