-- grain: one row per surviving account and validity interval of segment, region and owner
with

history as (
    {{ union_sources('account_history') }}
),

account_keys as (
    select account_id, surviving_account_id, is_excluded from {{ ref('int_account_keys') }}
),

-- A shell's own history ends with the merge: the survivor's describes both.
final as (
    select
        history.account_id,
        history.owner_id,
        history.segment,
        history.region,
        history.valid_from,
        history.valid_to
    from history
    left join account_keys
        on history.account_id = account_keys.account_id
    where
        coalesce(account_keys.surviving_account_id, history.account_id) = history.account_id
        and not coalesce(account_keys.is_excluded, false)
)

select * from final
