-- grain: one row per KPI id, grain, period and slice
-- contract 5.3: mean minutes from a lead to the first human outreach, counted where the outreach falls
with

population as (
    select
        'speed_to_lead' as kpi_id,
        coalesce(first_touched_date, created_date) as kpi_date,
        first_touch_seconds as numerator,
        1 as denominator,
        case when first_touched_at is null then 'censored' when first_touch_seconds < 0 then 'rejected' else 'counted' end as outcome,
        lead_source,
        campaign,
        owner
    from {{ ref('fct_leads') }}
),

by_period as (
    {{ rolled_up_events('speed_to_lead', 'population', ['lead_source', 'campaign', 'owner'], outcomes=true) }}
),

percentiles as (
    {{ rolled_up_percentiles('speed_to_lead', 'population', ['lead_source', 'campaign', 'owner'], outcomes=true) }}
),

final as (
    {{ published('speed_to_lead', ['by_period', 'percentiles']) }}
)

select * from final
