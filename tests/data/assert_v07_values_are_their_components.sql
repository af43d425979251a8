-- V07: value = scale x numerator / denominator, and a zero denominator gives NULL, never 0 or infinity; a balance or a flow is its
-- numerator. Values settled by a rule of their own (clipped, suppressed) are those of compound KPIs.
select kpi_values.*
from {{ ref('kpi_values') }} as kpi_values
inner join {{ ref('kpi_catalog') }} as catalog
    on kpi_values.kpi_id = catalog.kpi_id
where
    not coalesce(isfinite(kpi_values.value), true)
    or (kpi_values.denominator = 0 and kpi_values.value is not null)
    or (
        catalog.class in ('ratio', 'cohort', 'duration', 'distinct')
        and kpi_values.denominator <> 0
        and kpi_values.status in ('ok', 'low_sample')
        and kpi_values.value is null
    )
    or (
        catalog.class in ('ratio', 'cohort', 'duration', 'distinct')
        and kpi_values.denominator <> 0
        and abs(kpi_values.value - catalog.scale * kpi_values.numerator / kpi_values.denominator)
        > 0.000000001 * greatest(1, abs(kpi_values.value))
    )
    or (catalog.class in ('flow', 'balance') and kpi_values.status = 'ok' and kpi_values.value is distinct from kpi_values.numerator)
    or (kpi_values.status = 'no_data' and (kpi_values.value is not null or kpi_values.numerator is not null))
