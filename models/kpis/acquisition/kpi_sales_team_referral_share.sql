-- grain: one row per KPI id, grain, period and slice
-- contract 4.C7: of the valid referrals made in the period, the share made by staff in a sales role; and their number per salesperson
with

referrals as (
    select *, created_date as kpi_date, case when is_by_sales_team then 1 else 0 end as numerator, 1 as denominator
    from {{ ref('fct_referrals') }}
),

population as (
    select 'sales_team_referral_share' as kpi_id, * from referrals
),

made_by_team as (
    select 'referrals_per_rep' as kpi_id, * from referrals where is_by_sales_team
),

by_period as (
    {{ rolled_up_events('sales_team_referral_share', 'population', ['referrer_type', 'referrer', 'segment', 'source']) }}
),

team_by_period as (
    {{ rolled_up_events('sales_team_referral_share', 'made_by_team') }}
),

-- The denominator is the one of revenue_per_salesperson: average quota-carrying FTE.
per_rep as (
    select
        'referrals_per_rep' as kpi_id,
        capacity.grain,
        capacity.period_start,
        capacity.dim_name,
        capacity.dim_value,
        coalesce(team_by_period.numerator, 0) as numerator,
        capacity.denominator,
        cast(null as double) as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        coalesce(team_by_period.sample_size, 0) as sample_size
    from {{ ref('kpi_revenue_per_salesperson') }} as capacity
    left join team_by_period
        on capacity.grain = team_by_period.grain and capacity.period_start = team_by_period.period_start
    where capacity.kpi_id = 'revenue_per_salesperson' and capacity.dim_name = 'all' and capacity.denominator is not null
),

per_rep_rows as (
    {{ rolled_up_components('per_rep') }}
),

final as (
    {{ published('sales_team_referral_share', ['by_period', 'per_rep_rows']) }}
)

select * from final
