-- grain: one row per KPI id, grain, period and slice
-- contract 4.C7: valid referrals made in the period
with

population as (
    select
        'referral_count' as kpi_id, created_date as kpi_date, 1 as numerator, null as denominator,
        referrer_type, referrer, source, segment, referrer_account_id as account_id
    from {{ ref('fct_referrals') }}
),

by_period as (
    {{ rolled_up_events('referral_count', 'population', ['referrer_type', 'referrer', 'segment', 'segment_current', 'source']) }}
),

final as (
    {{ published('referral_count', ['by_period']) }}
)

select * from final
