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
        least(lines.service_end, months.month_end) as month_service_end
    from lines
    left join months
        on
            lines.is_spread
            and lines.service_start < months.month_end
            and months.month_start < lines.service_end
),

-- A month of service counts from the day it begins.
begun as (
    select
        *,
        case when is_spread then {{ days_between('revenue_date', 'month_service_end') }} else 1 end as month_days,
        case when is_spread then {{ days_between('service_start', 'service_end') }} else 1 end as service_days
    from spread
    where revenue_date <= {{ local_date(as_of() ~ " - interval '1' microsecond") }}
),

converted as (
    select
        begun.*,
        {{ in_reporting_currency('cast(begun.native_amount as double) * begun.month_days / begun.service_days', 'begun.currency') }} as net_revenue_amount
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
