-- grain: one row per referral that is not deleted and not made by a test account
with

referrals as (
    {{ union_sources('referral') }}
),

lead_keys as (
    select * from {{ ref('int_lead_keys') }}
),

visible as (
    select
        referrals.referral_id,
        lower(referrals.referrer_type) as referrer_type,
        referrals.referrer_account_id,
        referrals.referrer_user_id,
        lower(trim(referrals.referred_email)) as referred_email,
        referrals.created_at,
        {{ local_date('referrals.created_at') }} as created_date,
        coalesce(lead_keys.surviving_lead_id, referrals.lead_id) as lead_id
    from referrals
    left join lead_keys
        on referrals.lead_id = lead_keys.lead_id
    where
        referrals.created_at < {{ as_of() }}
        and not coalesce(referrals.is_deleted, false)
        and not {{ is_internal_email('referrals.referred_email') }}
),

final as (
    {{ of_surviving_accounts('visible', 'referrer_account_id') }}
)

select * from final
