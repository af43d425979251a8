-- grain: one row per KPI id, grain, period and slice
-- contract 4.C2: direct spend of paid campaigns over the acquisitions that their last touch is credited with
with

population as (
    select
        'cost_per_acquisition' as kpi_id, spent_on as kpi_date, amount as numerator, 0 as denominator,
        campaign_id as campaign, channel, null as country
    from {{ ref('fct_expenses') }}
    where is_paid_campaign and coalesce(category, '') not in ('salary', 'salaries', 'commission')
    union all
    select
        'cost_per_acquisition', acquired_date, 0, 1,
        campaign, channel, country
    from {{ ref('fct_acquisitions') }}
    where is_paid_campaign
),

by_period as (
    {{ rolled_up_events('cost_per_acquisition', 'population', ['campaign', 'channel', 'country']) }}
),

final as (
    {{ published('cost_per_acquisition', ['by_period']) }}
)

select * from final
