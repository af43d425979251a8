-- grain: one row per account that ever was a customer; first_paid_at never changes on reactivation (contract G-21)
with

activity as (
    select account_id, valid_from
    from {{ ref('int_customer_activity') }}
),

first_activity as (
    select account_id, min(valid_from) as first_paid_at
    from activity
    group by 1
),

final as (
    select
        account_id,
        first_paid_at,
        {{ local_date('first_paid_at') }} as first_paid_date
    from first_activity
)

select * from final
