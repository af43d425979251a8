-- grain: one row per KPI id, grain, period and slice
-- contract 4.C4: of the eligible leads created in the period, the share whose account first paid within the window
with

population as (
    select
        'lead_to_customer_rate' as kpi_id,
        created_date as kpi_date,
        case when is_first_of_account and is_paid_in_window then 1 else 0 end as numerator,
        1 as denominator,
        lead_source,
        campaign,
        owner,
        country,
        segment
    from {{ ref('fct_leads') }}
    where not is_from_customer
),

by_period as (
    {{ rolled_up_events('lead_to_customer_rate', 'population', ['lead_source', 'campaign', 'owner', 'country', 'segment']) }}
),

final as (
    {{ published('lead_to_customer_rate', ['by_period']) }}
)

select * from final
