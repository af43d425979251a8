-- The wide table says the same as the tall one: every value of a headline stands in its column, on the row of its period and slice.
select
    figures.kpi_id,
    figures.grain,
    figures.period_start,
    figures.dim_name,
    figures.dim_value,
    figures.value
from {{ ref('kpi_values') }} as figures
inner join {{ ref('kpi_catalog') }} as catalog
    on figures.kpi_id = catalog.kpi_id and catalog.kpi_id = catalog.headline_id
left join {{ ref('kpi_wide') }} as wide
    on
        figures.grain = wide.grain
        and figures.period_start = wide.period_start
        and figures.dim_name = wide.dim_name
        and figures.dim_value = wide.dim_value
where
    coalesce(catalog.grains, '') <> ''
    and (
        wide.grain is null
        or figures.value is distinct from {{ value_beside('figures.kpi_id', 'wide') }}
    )
