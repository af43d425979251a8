-- grain: one row per surviving account that is no test record
with

accounts as (
    {{ union_sources('account') }}
),

account_keys as (
    select account_id, surviving_account_id, is_excluded from {{ ref('int_account_keys') }}
),

final as (
    select
        accounts.account_id,
        accounts.name,
        accounts.country,
        accounts.segment as current_segment,
        accounts.industry,
        accounts.acquisition_channel,
        accounts.owner_id as current_owner_id,
        coalesce(accounts.is_deleted, false) as is_deleted,
        accounts.created_at,
        accounts.deleted_at,
        accounts._source
    from accounts
    inner join account_keys
        on accounts.account_id = account_keys.account_id
    where
        account_keys.account_id = account_keys.surviving_account_id
        and not account_keys.is_excluded
)

select * from final
