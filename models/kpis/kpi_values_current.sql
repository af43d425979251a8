-- grain: one row per KPI id, grain, period and slice, by the values that segment, region, owner and team have today (contract G-22, 6.19)
with

final as (
    select
        kpi_id,
        kpi_version,
        grain,
        period_start,
        period_end,
        {{ current_slice_name('dim_name') }} as dim_name,
        dim_value,
        numerator,
        denominator,
        value,
        unit,
        sample_size,
        rejected_rows,
        censored_rows,
        is_complete,
        is_mature,
        status,
        as_of,
        run_id
    from {{ ref('kpi_results') }}
    where {{ is_current_slice('dim_name') }}
)

select * from final
order by kpi_id, grain, period_start, dim_name, dim_value
