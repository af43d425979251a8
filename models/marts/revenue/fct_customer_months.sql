-- grain: one row per month and active customer at its opening or at its closing; each is half a customer-month (contract 4.A2)
with

months as (
    select period_start, closing_date
    from {{ ref('dim_periods') }}
    where grain = 'month'
),

customers as (
    select * from {{ ref('fct_customer_snapshots') }} where is_active
),

halves as (
    {% for side, date in [('opening', 'period_start'), ('closing', 'closing_date')] -%}
    select months.period_start as month_start, '{{ side }}' as side, customers.*
    from months
    inner join customers
        on months.{{ date }} = customers.closing_date
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        month_start,
        side,
        account_id,
        cast(0.5 as decimal(18, 4)) as customer_months,
        segment,
        owner,
        team,
        industry,
        country,
        acquisition_channel,
        cohort_month
    from halves
)

select * from final
