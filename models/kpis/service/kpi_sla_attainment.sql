-- grain: one row per KPI id, grain, period and slice
-- contract 5.4: of the targets due in the period, the share met; late, or overdue and open, is breached
with

population as (
    select
        'sla_attainment' as kpi_id,
        due_date as kpi_date,
        case when state = 'met' then 1 else 0 end as numerator,
        1 as denominator,
        {{ slice_columns(d_svc()) }}
    from {{ ref('fct_sla_targets') }}
    where state in ('met', 'breached')
),

by_period as (
    {{ rolled_up_events('sla_attainment', 'population', d_svc()) }}
),

final as (
    {{ published('sla_attainment', ['by_period']) }}
)

select * from final
