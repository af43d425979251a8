-- grain: one row per KPI id, grain, period and slice
-- contract 4.C7: of the valid referrals made in the period, the share made by staff in a sales role; and their number per salesperson
with

referrals as (
    select
        created_date as kpi_date, case when is_by_sales_team then 1 else 0 end as numerator, 1 as denominator, is_by_sales_team,
        referrer_type, referrer, source, segment, referrer_account_id as account_id
    from {{ ref('fct_referrals') }}
),

population as (
    select 'sales_team_referral_share' as kpi_id, * from referrals
),

made_by_team as (
    select 'referrals_per_rep' as kpi_id, * from referrals
    where is_by_sales_team
),

by_period as (
    {{ rolled_up_events('sales_team_referral_share', 'population', ['referrer_type', 'referrer', 'segment', 'segment_current', 'source']) }}
),

team_by_period as (
    {{ rolled_up_events('sales_team_referral_share', 'made_by_team') }}
),

-- The denominator is the one of revenue_per_salesperson: average quota-carrying FTE.
sides as (
    select grain, period_start, numerator, sample_size, cast(0 as double) as fte
    from team_by_period
    union all
    select grain, period_start, 0, 0, cast(sum(fte_days) as double) / max(period_days)
    from {{ ref('fct_sales_capacity') }}
    group by 1, 2
),

per_rep as (
    select
        'referrals_per_rep' as kpi_id,
        grain,
        period_start,
        'all' as dim_name,
        'all' as dim_value,
        sum(numerator) as numerator,
        max(fte) as denominator,
        cast(null as double) as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        max(sample_size) as sample_size
    from sides
    group by 1, 2, 3, 4, 5
),

per_rep_rows as (
    {{ rolled_up_components('per_rep') }}
),

final as (
    {{ published('sales_team_referral_share', ['by_period', 'per_rep_rows']) }}
)

select * from final
