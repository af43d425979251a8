-- V10: a quarter has at least as many distinct units as its largest month, and at most as many as its months together. A mean
-- score has none where several scales were in use.
with

kpi_values as (
    select kpi_values.*
    from {{ ref('kpi_values') }} as kpi_values
    inner join {{ ref('kpi_catalog') }} as catalog
        on kpi_values.kpi_id = catalog.kpi_id
    where catalog.class = 'distinct' and kpi_values.dim_name = 'all' and kpi_values.denominator is not null
),

compared as (
    select
        longer.kpi_id,
        longer.grain,
        longer.period_start,
        longer.denominator,
        max(months.denominator) as largest_month,
        sum(months.denominator) as all_months
    from kpi_values as longer
    inner join kpi_values as months
        on
            longer.kpi_id = months.kpi_id
            and months.grain = 'month'
            and longer.period_start <= months.period_start
            and months.period_start < longer.period_end
    where longer.grain in ('quarter', 'year')
    group by 1, 2, 3, 4
)

select *
from compared
where
    (denominator < largest_month or denominator > all_months)
    and not (kpi_id = 'csat_mean' and denominator = 0)
