-- grain: one row per KPI id, grain, period and slice
-- contract 5.2: tickets that customers opened per hundred customer-months
with

population as (
    select
        'contact_rate' as kpi_id, created_date as kpi_date, 100 as numerator, 0 as denominator,
        segment_at_creation as segment, account_id
    from {{ ref('fct_tickets') }}
    where is_customer_initiated
    union all
    select 'contact_rate', month_start, 0, customer_months, segment, account_id
    from {{ ref('fct_customer_months') }}
),

by_period as (
    {{ rolled_up_events('contact_rate', 'population', ['segment', 'segment_current']) }}
),

sampled as (
    {{ sampled_by_denominator('by_period') }}
),

final as (
    {{ published('contact_rate', ['sampled']) }}
)

select * from final
