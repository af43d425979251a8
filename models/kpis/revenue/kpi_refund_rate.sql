-- grain: one row per KPI id, grain, period and slice
-- contract 5.2: refunds of the period over the sales of the period before refunds
with

population as (
    select
        'refund_rate' as kpi_id,
        sold_date as kpi_date,
        case when line_kind = 'refund' then -net_sales_amount else 0 end as numerator,
        case when line_kind = 'refund' then 0 else net_sales_amount end as denominator,
        *
    from {{ ref('fct_sales') }}
),

by_period as (
    {{ rolled_up_events('refund_rate', 'population', d_cust()) }}
),

final as (
    {{ published('refund_rate', ['by_period']) }}
)

select * from final
