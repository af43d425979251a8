-- The catalogue and kpi_values name the same KPIs, and every slice published is one that the catalogue gives.
select catalog.kpi_id, 'in the catalogue, not in kpi_values' as problem
from {{ ref('kpi_catalog') }} as catalog
left join {{ ref('kpi_values') }} as kpi_values
    on catalog.kpi_id = kpi_values.kpi_id
where
    kpi_values.kpi_id is null
    and coalesce(catalog.grains, '') <> ''
    and (catalog.kpi_id <> 'cac_lagged' or {{ var('cac_lag_months') | int }} > 0)

union all

select distinct kpi_values.kpi_id, 'slice not in the catalogue: ' || kpi_values.dim_name
from {{ ref('kpi_values') }} as kpi_values
left join {{ ref('kpi_catalog') }} as catalog
    on kpi_values.kpi_id = catalog.kpi_id
where
    kpi_values.dim_name <> 'all'
    and (catalog.kpi_id is null or ' ' || coalesce(catalog.slices, '') || ' ' not like '% ' || kpi_values.dim_name || ' %')
