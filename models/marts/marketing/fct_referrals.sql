-- grain: one row per valid referral (contract 4.C7)
with

referrals as (
    select * from {{ ref('int_valid_referrals') }}
),

leads as (
    select lead_id, source from {{ ref('int_leads') }}
),

lifecycle as (
    select * from {{ ref('int_customer_lifecycle') }}
),

account_history as (
    select * from {{ ref('int_account_history') }}
),

sales_assignments as (
    select * from {{ ref('int_staff_assignments') }}
    where role in ('sales_rep', 'sdr', 'sales_manager')
),

-- A new customer is credited to the first valid referral of any of its leads that came before the payment.
credited as (
    select referral_id, referral_number = 1 as is_credited
    from (
        select
            referrals.referral_id,
            row_number() over (partition by referrals.referred_account_id order by referrals.created_at, referrals.referral_id) as referral_number
        from referrals
        inner join lifecycle
            on referrals.referred_account_id = lifecycle.account_id and referrals.created_at <= lifecycle.first_paid_at
    ) as ranked
),

final as (
    select
        referrals.referral_id,
        referrals.created_at,
        referrals.created_date,
        referrals.referrer_type,
        coalesce(referrals.referrer_account_id, referrals.referrer_user_id) as referrer,
        referrals.referrer_account_id,
        referrals.referred_lead_id as lead_id,
        referrals.referred_account_id as account_id,
        sales_assignments.user_id is not null as is_by_sales_team,
        coalesce(credited.is_credited, false) as is_credited_with_customer,
        leads.source,
        account_history.segment
    from referrals
    inner join leads
        on referrals.referred_lead_id = leads.lead_id
    left join credited
        on referrals.referral_id = credited.referral_id
    left join sales_assignments
        on
            referrals.referrer_user_id = sales_assignments.user_id
            and referrals.created_date between sales_assignments.valid_from and sales_assignments.valid_to
    left join account_history
        on
            referrals.referrer_account_id = account_history.account_id
            and {{ valid_at('referrals.created_at', 'account_history.valid_from', 'account_history.valid_to') }}
)

select * from final
