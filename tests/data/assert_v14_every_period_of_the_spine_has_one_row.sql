-- V14: one undivided row for every KPI id, grain and period of its spine; no two rows with one key.
select spine.kpi_id, spine.grain, spine.period_start, 'missing' as problem
from {{ ref('int_kpi_periods') }} as spine
left join {{ ref('kpi_values') }} as kpi_values
    on
        spine.kpi_id = kpi_values.kpi_id
        and spine.grain = kpi_values.grain
        and spine.period_start = kpi_values.period_start
        and kpi_values.dim_name = 'all'
where kpi_values.kpi_id is null

union all

select kpi_id, grain, period_start, 'repeated: ' || dim_name || ' ' || dim_value
from {{ ref('kpi_values') }}
group by kpi_id, grain, period_start, dim_name, dim_value
having count(*) > 1
