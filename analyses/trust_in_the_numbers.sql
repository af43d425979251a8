-- What the scorecard cannot promise today: KPIs without data, with few cases, or with rejected rows.
select
    kpi_name,
    domain,
    period_start,
    status,
    sample_size,
    rejected_rows,
    censored_rows
from kpis.kpi_scorecard
where is_headline and (status <> 'ok' or rejected_rows > 0)
order by case when status = 'no_data' then 0 else 1 end asc, rejected_rows desc nulls last, kpi_name asc
