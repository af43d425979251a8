-- grain: one row per KPI id, grain, period and slice
-- contract 4.C4: of the eligible leads created in the period, the share whose account first paid within the window
with

leads as (
    select
        created_date as kpi_date,
        case when is_first_of_account and is_paid_in_window then 1 else 0 end as numerator,
        1 as denominator,
        lead_source,
        campaign,
        owner,
        country,
        segment,
        account_id
    from {{ ref('fct_leads') }}
    where not is_from_customer
),

population as (
    select 'lead_to_customer_rate' as kpi_id, * from leads
),

-- The view of the period, new customers over new leads, whoever they are: it can exceed 1.
in_period as (
    select 'lead_to_customer_rate_period' as kpi_id, kpi_date, 0 as numerator, 1 as denominator from leads
    union all
    select 'lead_to_customer_rate_period', first_paid_date, 1, 0 from {{ ref('fct_new_customers') }}
),

by_period as (
    {{ rolled_up_events('lead_to_customer_rate', 'population', ['lead_source', 'campaign', 'owner', 'country', 'segment', 'segment_current']) }}
),

in_period_rows as (
    {{ rolled_up_events('lead_to_customer_rate', 'in_period') }}
),

final as (
    {{ published('lead_to_customer_rate', ['by_period', 'in_period_rows']) }}
)

select * from final
