-- grain: one row per order line, invoice line or refund, and month that its revenue belongs to (contract 4.A2)
with

lines as (
    select * from {{ ref('int_sales_lines') }}
),

service_dates as (
    {{ date_series('(select min(service_start) from lines where is_spread)', '(select max(service_end) from lines where is_spread)') }}
),

months as (
    select distinct
        {{ period_start("'month'", 'date_day') }} as month_start,
        {{ period_end("'month'", period_start("'month'", 'date_day')) }} as month_end
    from service_dates
),

-- A line with a service period is spread evenly by day over [service_start, service_end); any other falls on its sale date.
spread as (
    select
        lines.*,
        case when lines.is_spread then greatest(months.month_start, lines.service_start) else lines.sold_date end as revenue_date,
        case
            when lines.is_spread then
                cast(lines.native_amount as double)
                * {{ days_between('greatest(lines.service_start, months.month_start)', 'least(lines.service_end, months.month_end)') }}
                / {{ days_between('lines.service_start', 'lines.service_end') }}
            else lines.native_amount
        end as revenue_amount
    from lines
    left join months
        on
            lines.is_spread
            and lines.service_start < months.month_end
            and months.month_start < lines.service_end
),

-- A month of service counts from the day it begins.
begun as (
    select * from spread
    where revenue_date <= {{ local_date(as_of() ~ " - interval '1' microsecond") }}
),

converted as (
    select
        begun.*,
        {{ in_reporting_currency('begun.revenue_amount', 'begun.currency') }} as net_revenue_amount
    from begun
    {{ fx_join('begun.currency', 'begun.sold_date') }}
),

dimensioned as (
    {{ with_customer_dimensions('converted', 'sold_at') }}
),

final as (
    select
        line_kind,
        line_id,
        document_id,
        account_id,
        product_id,
        sold_at,
        sold_date,
        revenue_date,
        net_revenue_amount,
        segment,
        owner,
        team,
        industry,
        country,
        acquisition_channel,
        cohort_month
    from dimensioned
)

select * from final
