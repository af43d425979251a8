-- grain: one row per subscription of an account that is no test record, with the instant and the cause of its end
with

subscriptions as (
    {{ union_sources('subscription') }}
),

kept as (
    {{ of_surviving_accounts('subscriptions') }}
),

-- The four ways a subscription ends (contract 4.A1); dunning counts calendar days in the reporting zone.
ends as (
    select
        *,
        {{ utc_instant(local_time('past_due_since') ~ " + interval '" ~ var('dunning_days') ~ "' day") }} as dunned_at,
        case when coalesce(is_deleted, false) or deleted_at is not null then coalesce(deleted_at, started_at) end as removed_at
    from kept
),

final as (
    select
        subscription_id,
        account_id,
        trial_start,
        trial_end,
        started_at,
        cancel_requested_at,
        cancel_reason,
        least(ended_at, unpaid_at, removed_at, dunned_at) as ended_at,
        case
            when least(unpaid_at, dunned_at) <= least(coalesce(ended_at, timestamp '9999-12-31'), coalesce(removed_at, timestamp '9999-12-31'))
                then 'involuntary'
            else 'voluntary'
        end as end_cause,
        _source
    from ends
)

select * from final
