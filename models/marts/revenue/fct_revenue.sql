-- grain: one row per order line, invoice line or refund, and month that its revenue belongs to (net of discount, without tax)
with

orders as (
    select * from {{ ref('int_orders') }} where is_sale
),

invoices as (
    select * from {{ ref('int_invoices') }} where is_sale
),

order_lines as (
    select
        'order' as revenue_type,
        lines.line_id,
        orders.order_id as document_id,
        orders.account_id,
        lines.product_id,
        orders.ordered_at as sold_at,
        orders.currency,
        cast(lines.quantity as double) * cast(lines.unit_price as double) - coalesce(cast(lines.discount as double), 0) as amount,
        cast(null as date) as service_start,
        cast(null as date) as service_end
    from ({{ union_sources('order_line') }}) as lines
    inner join orders
        on lines.order_id = orders.order_id
),

invoice_lines as (
    select
        'invoice' as revenue_type,
        lines.line_id,
        invoices.invoice_id as document_id,
        invoices.account_id,
        cast(null as varchar) as product_id,
        invoices.issued_at as sold_at,
        invoices.currency,
        cast(lines.amount_ex_tax as double) - coalesce(cast(lines.discount as double), 0) as amount,
        lines.service_start,
        lines.service_end
    from ({{ union_sources('invoice_line') }}) as lines
    inner join invoices
        on lines.invoice_id = invoices.invoice_id
),

refunds as (
    select
        'refund' as revenue_type,
        refunds.refund_id as line_id,
        coalesce(refunds.order_id, refunds.invoice_id) as document_id,
        coalesce(orders.account_id, invoices.account_id) as account_id,
        cast(null as varchar) as product_id,
        refunds.refunded_at as sold_at,
        refunds.currency,
        -cast(refunds.amount_ex_tax as double) as amount,
        cast(null as date) as service_start,
        cast(null as date) as service_end
    from {{ ref('int_refunds') }} as refunds
    left join orders
        on refunds.order_id = orders.order_id
    left join invoices
        on refunds.invoice_id = invoices.invoice_id
    where orders.order_id is not null or invoices.invoice_id is not null
),

lines as (
    select * from order_lines
    union all
    select * from invoice_lines
    union all
    select * from refunds
),

dated as (
    select
        lines.*,
        {{ local_date('lines.sold_at') }} as sold_date,
        lines.service_start is not null and lines.service_end > lines.service_start as is_spread
    from lines
),

months as (
    select period_start as month_start, period_end as month_end
    from {{ ref('dim_periods') }}
    where grain = 'month'
),

-- A line with a service period is spread evenly by day over [service_start, service_end); any other falls on its sale date.
spread as (
    select
        dated.*,
        coalesce(months.month_start, dated.sold_date) as revenue_date,
        case
            when dated.is_spread
                then dated.amount
                    * {{ days_between('greatest(dated.service_start, months.month_start)', 'least(dated.service_end, months.month_end)') }}
                    / {{ days_between('dated.service_start', 'dated.service_end') }}
            else dated.amount
        end as revenue_amount
    from dated
    left join months
        on
            dated.is_spread
            and dated.service_start < months.month_end
            and months.month_start < dated.service_end
    where not dated.is_spread or months.month_start is not null
),

converted as (
    select
        spread.*,
        {{ in_reporting_currency('spread.revenue_amount', 'spread.currency') }} as net_revenue_amount
    from spread
    {{ fx_join('spread.currency', 'spread.sold_date') }}
),

dimensioned as (
    {{ with_customer_dimensions('converted', 'sold_at') }}
),

final as (
    select
        revenue_type,
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
