-- Published values of closed periods that a later night changed: what was said first, what holds now.
with

published as (
    select
        kpi_id,
        grain,
        period_start,
        dim_name,
        dim_value,
        value,
        published_at,
        first_value(value) over key_in_time as first_value,
        row_number() over (
            partition by kpi_id, kpi_version, grain, period_start, dim_name, dim_value
            order by published_at desc
        ) as recency,
        count(*) over (
            partition by kpi_id, kpi_version, grain, period_start, dim_name, dim_value
        ) as versions
    from kpis.kpi_snapshot
    window key_in_time as (
        partition by kpi_id, kpi_version, grain, period_start, dim_name, dim_value
        order by published_at
    )
)

select
    kpi_id,
    grain,
    period_start,
    dim_name,
    dim_value,
    first_value,
    value as value_now,
    versions,
    published_at as last_changed_at
from published
where recency = 1 and versions > 1
order by published_at desc, kpi_id asc, grain asc, period_start asc, dim_name asc, dim_value asc
limit 500
