-- grain: one row per valid referral, with the lead that it led to (contract 4.C7)
with recursive

referrals as (
    select * from {{ ref('int_referrals') }}
),

leads as (
    select lead_id, email, account_id, referral_id, created_at from {{ ref('int_leads') }}
),

staff as (
    select user_id, min(email) as email
    from {{ ref('int_staff') }}
    group by 1
),

-- Three ways to the lead, the first that leads to one counts: the referral's own link, the lead's link, the e-mail address.
candidates as (
    select referrals.referral_id, leads.lead_id, leads.created_at, 1 as way
    from referrals
    inner join leads
        on referrals.lead_id = leads.lead_id
    union all
    select referrals.referral_id, leads.lead_id, leads.created_at, 2
    from referrals
    inner join leads
        on referrals.referral_id = leads.referral_id
    union all
    select referrals.referral_id, leads.lead_id, leads.created_at, 3
    from referrals
    inner join leads
        on referrals.referred_email = leads.email
),

ranked as (
    select
        referral_id,
        lead_id,
        row_number() over (partition by referral_id order by way, created_at, lead_id) as precedence
    from candidates
),

-- Leads with one e-mail address are one person.
resolved as (
    select
        referrals.*,
        leads.lead_id as referred_lead_id,
        leads.account_id as referred_account_id,
        coalesce(leads.email, 'lead ' || leads.lead_id) as person,
        coalesce(referrals.referrer_account_id = leads.account_id, false)
        or coalesce(staff.email = coalesce(leads.email, referrals.referred_email), false) as is_self_referral
    from referrals
    inner join ranked
        on referrals.referral_id = ranked.referral_id and ranked.precedence = 1
    inner join leads
        on ranked.lead_id = leads.lead_id
    left join staff
        on referrals.referrer_user_id = staff.user_id
),

from_customers as (
    select distinct resolved.referral_id
    from resolved
    inner join {{ ref('int_customer_activity') }} as activity
        on
            resolved.referred_account_id = activity.account_id
            and {{ valid_before('resolved.created_at', 'activity.valid_from', 'activity.valid_to') }}
),

eligible as (
    select
        resolved.*,
        row_number() over (partition by resolved.person order by resolved.created_at, resolved.referral_id) as referral_number
    from resolved
    left join from_customers
        on resolved.referral_id = from_customers.referral_id
    where not resolved.is_self_referral and from_customers.referral_id is null
),

-- The first referral of a person wins; the next counts when the window since the last valid one is over.
walked as (
    select
        referral_id,
        person,
        referral_number,
        true as is_valid,
        created_date as last_valid_date
    from eligible
    where referral_number = 1
    union all
    select
        eligible.referral_id,
        eligible.person,
        eligible.referral_number,
        {{ days_between('walked.last_valid_date', 'eligible.created_date') }} > {{ var('referral_dedupe_days') }},
        case
            when {{ days_between('walked.last_valid_date', 'eligible.created_date') }} > {{ var('referral_dedupe_days') }}
                then eligible.created_date
            else walked.last_valid_date
        end
    from walked
    inner join eligible
        on walked.person = eligible.person and walked.referral_number + 1 = eligible.referral_number
),

final as (
    select
        eligible.referral_id,
        eligible.referrer_type,
        eligible.referrer_account_id,
        eligible.referrer_user_id,
        eligible.created_at,
        eligible.created_date,
        eligible.referred_lead_id,
        eligible.referred_account_id
    from eligible
    inner join walked
        on eligible.referral_id = walked.referral_id
    where walked.is_valid
)

select * from final
