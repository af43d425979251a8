-- grain: one row per KPI id, grain, period and slice
-- contract 4.A3: change of net sales over those of the base: the period before, or a year before
with

windows as (
    {{ growth_windows('sales_growth_rate', {
        'sales_growth_rate': {'month': 1, 'quarter': 3, 'year': 12},
        'sales_growth_rate_cc': {'month': 1, 'quarter': 3, 'year': 12},
        'sales_growth_rate_yoy': {'month': 12, 'quarter': 12, 'year': 12},
    }) }}
),

-- At constant currency both sides are converted at the rate of the period's last day.
sales as (
    select
        windows.kpi_id, windows.grain, windows.period_start, windows.sign,
        case
            when windows.kpi_id = 'sales_growth_rate_cc' then {{ in_reporting_currency('sales.native_amount', 'sales.currency') }}
            else sales.net_sales_amount
        end as amount,
        sales.product_id as product,
        {{ slice_columns(d_cust()) }}
    from windows
    inner join {{ ref('fct_sales') }} as sales
        on windows.from_date <= sales.sold_date and sales.sold_date < windows.to_date
    {{ fx_join('sales.currency', 'windows.rate_date') }}
),

population as (
    select *, sign * amount as numerator, case when sign = -1 then amount else 0 end as denominator from sales
),

growth as (
    {{ rolled_up_cohorts('sales_growth_rate', 'population', d_cust() + ['product']) }}
),

-- There is no growth over a base that is not positive, and none between a complete and an incomplete period.
compared as (
    select
        {{ rolled_up_with('growth', {
            'status': "case when growth.denominator < 0 or not windows.is_comparable then " ~ status_of_sample('growth.contributions') ~ " end",
            'sample_size': 'growth.contributions',
        }) }}
    from growth
    inner join windows
        on growth.kpi_id = windows.kpi_id and growth.grain = windows.grain and growth.period_start = windows.period_start
    where windows.sign = 1
),

final as (
    {{ published('sales_growth_rate', ['compared']) }}
)

select * from final
