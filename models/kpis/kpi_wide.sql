{#- The catalogue decides its columns: no YAML can list them, a data test holds them against kpi_values. -#}
{{ config(contract={'enforced': false}, post_hook="{{ comment_headlines(this) }}") }}

-- grain: one row per grain, period and slice member that any headline has a row of; one column per headline of the catalogue
with

headlines as (
    select figures.*, periods.is_over
    from {{ ref('kpi_values') }} as figures
    inner join {{ ref('kpi_catalog') }} as catalog
        on figures.kpi_id = catalog.kpi_id and catalog.kpi_id = catalog.headline_id
    inner join {{ ref('dim_periods') }} as periods
        on figures.grain = periods.grain and figures.period_start = periods.period_start
    where coalesce(catalog.grains, '') <> ''
),

final as (
    {{ kpis_side_by_side('headlines') }}
)

select * from final
order by grain, period_start, dim_name, dim_value
