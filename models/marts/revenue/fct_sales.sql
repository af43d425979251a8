-- grain: one row per order line, invoice line or refund on its own date: net sales, not spread over service periods (contract 4.A2, 4.A3)
with

converted as (
    select
        lines.*,
        {{ in_reporting_currency('lines.native_amount', 'lines.currency') }} as net_sales_amount
    from {{ ref('int_sales_lines') }} as lines
    {{ fx_join('lines.currency', 'lines.sold_date') }}
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
        currency,
        cast(native_amount as decimal(28, 10)) as native_amount,
        net_sales_amount,
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
