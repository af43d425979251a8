-- grain: one row per KPI id, grain, period and slice
-- contract 4.C5: of the leads created in the period, customers' too, the share with an opportunity won within the window
with

population as (
    select
        'lead_to_sale_conversion_rate' as kpi_id,
        created_date as kpi_date,
        case when is_won_in_window then 1 else 0 end as numerator,
        1 as denominator,
        *
    from {{ ref('fct_leads') }}
),

by_period as (
    {{ rolled_up_events('lead_to_sale_conversion_rate', 'population',
        ['lead_source', 'campaign', 'owner', 'country', 'segment', 'segment_current', 'opportunity_type']) }}
),

final as (
    {{ published('lead_to_sale_conversion_rate', ['by_period']) }}
)

select * from final
