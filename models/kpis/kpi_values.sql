-- grain: one row per KPI id, grain, period and slice (contract 1.4)
with

final as (
    select * from {{ ref('kpi_results') }}
    where not {{ is_current_slice('dim_name') }}
    union all
    select * from {{ ref('kpi_goal_attainment') }}
)

select * from final
order by kpi_id, grain, period_start, dim_name, dim_value
