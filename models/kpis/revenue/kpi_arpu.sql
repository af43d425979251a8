-- grain: one row per KPI id, grain, period and slice
-- contract 4.A2: net revenue of the period over customer-months, half of each month's opening and half of its closing customers
with

revenue as (
    select *, revenue_date as kpi_date, net_revenue_amount as numerator, 0 as denominator
    from {{ ref('fct_revenue') }}
),

customer_months as (
    select *, month_start as kpi_date, 0 as numerator, customer_months as denominator
    from {{ ref('fct_customer_months') }}
),

population as (
    {% for relation in ['revenue', 'customer_months'] -%}
    select
        'arpu' as kpi_id, kpi_date, numerator, denominator,
        {{ slice_columns(d_cust()) }}
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

by_period as (
    {{ rolled_up_events('arpu', 'population', d_cust()) }}
),

sampled as (
    {{ sampled_by_denominator('by_period') }}
),

final as (
    {{ published('arpu', ['sampled']) }}
)

select * from final
