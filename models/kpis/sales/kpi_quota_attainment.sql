-- grain: one row per KPI id, grain, period and slice
-- contract 5.3: amounts won by staff with a quota over their quotas, each counted by the days that it shares with the period
with

credits as (
    select 'quota_attainment' as kpi_id, won_date as kpi_date, owner, team, amount
    from {{ ref('fct_sales_credits') }}
    where is_credited and has_quota
),

credited as (
    {{ rows_by_period_and_slice('quota_attainment', 'credits', []) }}
),

population as (
    select 'quota_attainment' as kpi_id, grain, period_start, amount as numerator, 0 as denominator, owner, team from credited
    union all
    select 'quota_attainment', grain, period_start, 0, quota_amount, owner, team from {{ ref('fct_quotas') }}
),

by_period as (
    {{ rolled_up_cohorts('quota_attainment', 'population', ['owner', 'team']) }}
),

final as (
    {{ published('quota_attainment', ['by_period']) }}
)

select * from final
