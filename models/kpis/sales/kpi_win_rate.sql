-- grain: one row per KPI id, grain, period and slice
-- contract 5.3: of the opportunities decided in the period, the share won, by count and by amount
with

decided as (
    select *, decided_date as kpi_date from ({{ decided_opportunities() }}) as opportunities
),

population as (
    select 'win_rate' as kpi_id, case when outcome = 'won' then 1 else 0 end as numerator, 1 as denominator, * from decided
    union all
    select 'win_rate_value', case when outcome = 'won' then amount else 0 end, amount, * from decided
),

by_period as (
    {{ rolled_up_events('win_rate', 'population', d_sales()) }}
),

final as (
    {{ published('win_rate', ['by_period']) }}
)

select * from final
