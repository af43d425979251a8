-- grain: one row per KPI id, grain, period and slice
-- contract 4.C7: of the accounts that first paid in the period, the share whose lead has a valid referral
with

referrals as (
    select account_id, referrer_type, referrer
    from {{ ref('fct_referrals') }}
    where is_credited_with_customer
),

first_leads as (
    select account_id, lead_source
    from {{ ref('fct_leads') }}
    where lead_number_of_account = 1
),

new_customers as (
    select
        'referral_rate' as kpi_id,
        new_customers.first_paid_date as kpi_date,
        case when referrals.account_id is not null then 1 else 0 end as numerator,
        1 as denominator,
        referrals.referrer_type,
        referrals.referrer,
        first_leads.lead_source as source,
        new_customers.segment,
        new_customers.account_id
    from {{ ref('fct_new_customers') }} as new_customers
    left join referrals
        on new_customers.account_id = referrals.account_id
    left join first_leads
        on new_customers.account_id = first_leads.account_id
),

-- The referrer is an outcome of the new customers who were referred: it filters the numerator only (G-23).
population as (
    {{ rows_by_period_and_slice('referral_rate', 'new_customers', []) }}
),

by_period as (
    {{ rolled_up_cohorts('referral_rate', 'population', ['source', 'segment', 'segment_current'], outcome_slices=['referrer_type', 'referrer']) }}
),

final as (
    {{ published('referral_rate', ['by_period']) }}
)

select * from final
