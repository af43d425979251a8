-- grain: one row per KPI id, grain, period and slice
-- contract 5.1: net revenue less cost of goods sold, over net revenue
with

revenue as (
    select *, revenue_date as kpi_date, net_revenue_amount as numerator, net_revenue_amount as denominator
    from {{ ref('fct_revenue') }}
),

costs as (
    select *, cost_date as kpi_date, -cost_amount as numerator, 0 as denominator
    from {{ ref('fct_costs') }}
    where cost_amount is not null
),

population as (
    {% for relation in ['revenue', 'costs'] -%}
    select
        'gross_margin' as kpi_id, kpi_date, numerator, denominator,
        {{ slice_columns(d_cust()) }}
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

by_period as (
    {{ rolled_up_events('gross_margin', 'population', d_cust()) }}
),

final as (
    {{ published('gross_margin', ['by_period']) }}
)

select * from final
