-- V09: the months of a quarter and of a year add up to it.
with

flows as (
    select kpi_values.*
    from {{ ref('kpi_values') }} as kpi_values
    inner join {{ ref('kpi_catalog') }} as catalog
        on kpi_values.kpi_id = catalog.kpi_id
    where catalog.class = 'flow' and kpi_values.status <> 'no_data'
),

summed as (
    select
        longer.kpi_id,
        longer.grain,
        longer.period_start,
        longer.dim_name,
        longer.dim_value,
        longer.numerator,
        sum(coalesce(months.numerator, 0)) as months_numerator
    from flows as longer
    inner join flows as months
        on
            longer.kpi_id = months.kpi_id
            and longer.dim_name = months.dim_name
            and longer.dim_value = months.dim_value
            and months.grain = 'month'
            and longer.period_start <= months.period_start
            and months.period_start < longer.period_end
    where longer.grain in ('quarter', 'year')
    group by 1, 2, 3, 4, 5, 6
)

select *
from summed
where abs(numerator - months_numerator) > 0.005
