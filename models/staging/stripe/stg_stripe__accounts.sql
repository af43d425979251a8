-- grain: one row per account that only Stripe knows
with

customers as (
    select * from {{ ref('stg_stripe__customers') }}
),

final as (
    select
        account_id,
        name,
        created_at,
        country,
        not is_live as is_test,
        is_deleted
    from customers
    where not is_known_to_crm
)

select * from final
