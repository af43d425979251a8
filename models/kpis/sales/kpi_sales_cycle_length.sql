-- grain: one row per KPI id, grain, period and slice
-- contract 4.D1: mean days from creation to winning, of what was won in the period; open opportunities and their age beside it
{%- set slices = d_sales() + ['amount_band'] %}
with

population as (
    select
        'sales_cycle_length' as kpi_id,
        coalesce(decided_date, created_date) as kpi_date,
        cycle_seconds as numerator,
        1 as denominator,
        case when outcome = 'open' then 'censored' when cycle_seconds < 0 then 'rejected' else 'counted' end as outcome,
        {{ slice_columns(slices) }}
    from {{ ref('fct_opportunities') }}
    where {{ is_new_business() }} and outcome in ('won', 'open')
),

-- A mean of won deals is biased towards survivors: what is still open at the close stands beside it.
open_opportunities as (
    select * from {{ ref('fct_open_opportunities') }}
    where is_created and {{ is_new_business() }}
),

standing as (
    select 'open_opportunity_count' as kpi_id, 1 as numerator, null as denominator, * from open_opportunities
    union all
    select 'open_opportunity_age', age_seconds, 1, * from open_opportunities
),

by_period as (
    {{ rolled_up_events('sales_cycle_length', 'population', slices, outcomes=true) }}
),

percentiles as (
    {{ rolled_up_percentiles('sales_cycle_length', 'population', slices, outcomes=true) }}
),

standing_rows as (
    {{ rolled_up_closings('sales_cycle_length', 'standing', d_sales()) }}
),

final as (
    {{ published('sales_cycle_length', ['by_period', 'percentiles', 'standing_rows']) }}
)

select * from final
