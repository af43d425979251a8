-- Goals that are not reached, the furthest from their target first.
select
    kpi_name,
    owner,
    target_date,
    target_value,
    attainment,
    expected_progress,
    smart_defect
from kpis.kpi_scorecard
where target_value is not null and coalesce(attainment, 0) < 1
order by attainment nulls first, kpi_name
