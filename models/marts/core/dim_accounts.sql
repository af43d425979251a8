-- grain: one row per surviving account that is no test record
with

accounts as (
    select * from {{ ref('int_accounts') }}
),

lifecycle as (
    select * from {{ ref('int_customer_lifecycle') }}
),

final as (
    select
        accounts.account_id,
        accounts.country,
        accounts.current_segment,
        accounts.industry,
        accounts.acquisition_channel,
        accounts.current_owner_id,
        accounts.is_deleted,
        accounts.created_at,
        lifecycle.first_paid_at,
        lifecycle.first_paid_date,
        {{ month_label('lifecycle.first_paid_date') }} as cohort_month
    from accounts
    left join lifecycle
        on accounts.account_id = lifecycle.account_id
)

select * from final
