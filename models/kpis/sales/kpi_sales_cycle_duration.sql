-- grain: one row per KPI id, grain, period and slice
-- contract 4.D1: mean days from the first prospecting, the earlier of lead and opportunity, to winning, of what was won in the period
{%- set slices = d_sales() + ['amount_band'] %}
with

population as (
    select
        'sales_cycle_duration' as kpi_id,
        coalesce(decided_date, created_date) as kpi_date,
        prospecting_seconds as numerator,
        1 as denominator,
        case when outcome = 'open' then 'censored' when prospecting_seconds < 0 then 'rejected' else 'counted' end as outcome,
        {{ slice_columns(slices) }}
    from {{ ref('fct_opportunities') }}
    where {{ is_new_business() }} and outcome in ('won', 'open')
),

by_period as (
    {{ rolled_up_events('sales_cycle_duration', 'population', slices, outcomes=true) }}
),

percentiles as (
    {{ rolled_up_percentiles('sales_cycle_duration', 'population', slices, outcomes=true) }}
),

final as (
    {{ published('sales_cycle_duration', ['by_period', 'percentiles']) }}
)

select * from final
