-- V03: on every grain, period and slice with both.
select churn.*
from {{ ref('kpi_values') }} as churn
inner join {{ ref('kpi_values') }} as retention
    on
        churn.grain = retention.grain
        and churn.period_start = retention.period_start
        and churn.dim_name = retention.dim_name
        and churn.dim_value = retention.dim_value
where
    churn.kpi_id = 'customer_churn_rate'
    and retention.kpi_id = 'customer_retention_rate'
    and abs(churn.value + retention.value - 1) > 0.000000001
