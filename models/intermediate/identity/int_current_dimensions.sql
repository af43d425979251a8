-- grain: one row per account: its segment, region and owner and the owner's team at the run clock (contract G-22, `_current` views)
with

history as (
    select * from {{ ref('int_account_history') }}
    where {{ valid_before(as_of(), 'valid_from', 'valid_to') }}
),

-- An account without a history at the run clock is described by its record.
accounts as (
    select
        coalesce(accounts.account_id, history.account_id) as account_id,
        history.account_id is not null as is_in_history,
        case when history.account_id is null then accounts.current_segment else history.segment end as current_segment,
        history.region as current_region,
        case when history.account_id is null then accounts.current_owner_id else history.owner_id end as current_owner
    from {{ ref('int_accounts') }} as accounts
    full outer join history
        on accounts.account_id = history.account_id
),

final as (
    select
        accounts.*,
        assignments.team as current_team
    from accounts
    left join {{ ref('int_staff_assignments') }} as assignments
        on
            accounts.current_owner = assignments.user_id
            and {{ local_date(as_of() ~ " - interval '1' microsecond") }} between assignments.valid_from and assignments.valid_to
)

select * from final
