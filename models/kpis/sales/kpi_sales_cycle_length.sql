-- grain: one row per KPI id, grain, period and slice
-- contract 4.D1: mean days from creation (duration: from the first prospecting) to winning, of what was won in the period
with

opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where opportunity_type in ('new', 'expansion') and outcome in ('won', 'open')
),

measured as (
    select 'sales_cycle_length' as kpi_id, cycle_seconds as numerator, 1 as denominator, * from opportunities
    union all
    select 'sales_cycle_duration' as kpi_id, prospecting_seconds as numerator, 1 as denominator, * from opportunities
),

population as (
    select
        *,
        case when outcome = 'won' then decided_date else created_date end as kpi_date,
        case when outcome = 'open' then 'censored' when numerator < 0 then 'rejected' else 'counted' end as kpi_outcome
    from measured
),

marked as (
    select population.* exclude (outcome, kpi_outcome), kpi_outcome as outcome from population
),

by_period as (
    {{ rolled_up_events('sales_cycle_length', 'marked', d_sales(), outcomes=true) }}
),

percentiles as (
    {{ rolled_up_percentiles('sales_cycle_length', 'marked', d_sales(), outcomes=true) }}
),

final as (
    {{ published('sales_cycle_length', ['by_period', 'percentiles']) }}
)

select * from final
