-- V11: durations are not negative, p50 <= p90, and business time is never longer than calendar time.
select 'negative or unordered' as problem, p50.kpi_id, p50.grain, p50.period_start, p50.dim_name, p50.dim_value
from {{ ref('kpi_values') }} as p50
inner join {{ ref('kpi_values') }} as p90
    on
        p90.kpi_id = replace(p50.kpi_id, '_p50', '_p90')
        and p50.grain = p90.grain
        and p50.period_start = p90.period_start
        and p50.dim_name = p90.dim_name
        and p50.dim_value = p90.dim_value
where p50.kpi_id like '%_p50' and (p50.value < 0 or p50.value > p90.value)

union all

select 'business time beyond calendar time', ticket_id, null, null, null, null
from {{ ref('fct_tickets') }}
where
    first_response_business_seconds > first_response_seconds and first_response_seconds >= 0
    or resolution_business_seconds > resolution_seconds and resolution_seconds >= 0
