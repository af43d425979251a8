-- grain: one row per KPI id, grain, period and slice
-- contract 4.A3: change of net sales over those of the base: the period before, or a year before; a running period is compared
-- like for like with the first days of its base (G-08)
{% set bases = {
    'sales_growth_rate': {'month': 1, 'quarter': 3, 'year': 12},
    'sales_growth_rate_cc': {'month': 1, 'quarter': 3, 'year': 12},
    'sales_growth_rate_yoy': {'month': 12, 'quarter': 12, 'year': 12},
} %}

with

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where headline_id = 'sales_growth_rate'
),

months_back as (
    {% for kpi_id, months_of in bases.items() %}{% set last = loop.last %}{% for grain, months in months_of.items() -%}
    select '{{ kpi_id }}' as kpi_id, '{{ grain }}' as grain, {{ months }} as months
    {{ 'union all' if not (last and loop.last) }}
    {% endfor %}{% endfor %}
),

bases as (
    select
        periods.*,
        {{ add_months('periods.period_start', '-months_back.months') }} as base_start,
        {{ add_days('periods.closing_date', -1) }} as rate_date,
        periods.end_at > {{ as_of() }} as is_running
    from periods
    inner join months_back
        on periods.kpi_id = months_back.kpi_id and periods.grain = months_back.grain
),

pairs as (
    select
        bases.*,
        {{ period_end('bases.grain', 'bases.base_start') }} as base_end,
        -- whole local days of a running period, clipped to the base
        least(
            {{ days_between('bases.period_start', as_of_date()) }},
            {{ days_between('bases.base_start', period_end('bases.grain', 'bases.base_start')) }}
        ) as days_elapsed,
        coalesce(base_periods.is_complete, false) and (bases.is_running or bases.is_complete) as is_comparable
    from bases
    left join periods as base_periods
        on
            bases.kpi_id = base_periods.kpi_id
            and bases.grain = base_periods.grain
            and bases.base_start = base_periods.period_start
),

windows as (
    {% for side, start, end, sign in [('current', 'period_start', 'period_end', 1), ('base', 'base_start', 'base_end', -1)] -%}
    select
        kpi_id, grain, period_start, rate_date, {{ sign }} as sign,
        {{ start }} as from_date,
        case when is_running then {{ add_days(start, 'days_elapsed') }} else {{ end }} end as to_date
    from pairs
    {{ 'union all' if not loop.last }}
    {% endfor %}
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

cohorts as (
    {{ rolled_up_cohorts('sales_growth_rate', 'population', d_cust() + ['product']) }}
),

-- There is no growth over a base that is not positive, and none between a complete and an incomplete period.
compared as (
    select
        cohorts.kpi_id, cohorts.grain, cohorts.period_start, cohorts.dim_name, cohorts.dim_value,
        cohorts.numerator, cohorts.denominator, cohorts.value,
        case when cohorts.denominator < 0 or not pairs.is_comparable then {{ status_of_sample('cohorts.contributions') }} end as status,
        cohorts.contributions as sample_size, cohorts.contributions, cohorts.rejected_rows, cohorts.censored_starts
    from cohorts
    inner join pairs
        on cohorts.kpi_id = pairs.kpi_id and cohorts.grain = pairs.grain and cohorts.period_start = pairs.period_start
),

final as (
    {{ published('sales_growth_rate', ['compared']) }}
)

select * from final
