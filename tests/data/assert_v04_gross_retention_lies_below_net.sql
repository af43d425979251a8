-- V04: 0 <= GRR <= 1 and GRR <= NRR, on every row.
select gross.*, net.value as net_value
from {{ ref('kpi_values') }} as gross
left join {{ ref('kpi_values') }} as net
    on
        net.kpi_id = 'net_revenue_retention'
        and gross.grain = net.grain
        and gross.period_start = net.period_start
        and gross.dim_name = net.dim_name
        and gross.dim_value = net.dim_value
where
    gross.kpi_id = 'gross_revenue_retention'
    and (gross.value < 0 or gross.value > 1.000000001 or gross.value > net.value + 0.000000001)
