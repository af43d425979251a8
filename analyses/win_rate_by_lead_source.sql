-- Won and lost opportunities of the last twelve complete months by lead source: sums, never an average of rates.
select
    dim_value as lead_source,
    sum(numerator) as won,
    sum(denominator) as decided,
    sum(numerator) / nullif(sum(denominator), 0) as win_rate
from kpis.kpi('win_rate', slice := 'lead_source')
where
    is_complete
    and period_start >= (
        select max(period_start) - interval 11 month
        from kpis.kpi_values
        where kpi_id = 'win_rate' and grain = 'month' and dim_name = 'all' and is_complete
    )
group by dim_value
order by decided desc, lead_source asc
