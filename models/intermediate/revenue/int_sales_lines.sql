-- grain: one row per order line, invoice line or refund that counts as a sale, in native currency, net of discount, without tax
with

orders as (
    select * from {{ ref('int_orders') }}
),

invoices as (
    select * from {{ ref('int_invoices') }}
),

order_lines as (
    select
        'order' as line_kind,
        lines.line_id,
        orders.order_id as document_id,
        orders.account_id,
        lines.product_id,
        orders.ordered_at as sold_at,
        orders.currency,
        lines.net_amount as native_amount,
        cast(null as date) as service_start,
        cast(null as date) as service_end
    from {{ ref('int_order_lines') }} as lines
    inner join orders
        on lines.order_id = orders.order_id
    where orders.is_sale
),

invoice_lines as (
    select
        'invoice' as line_kind,
        lines.line_id,
        invoices.invoice_id as document_id,
        invoices.account_id,
        cast(null as {{ api.Column.translate_type('string') }}) as product_id,
        invoices.issued_at as sold_at,
        invoices.currency,
        {{ exact_amount('lines.amount_ex_tax - coalesce(lines.discount, 0)') }} as native_amount,
        lines.service_start,
        lines.service_end
    from ({{ union_sources('invoice_line') }}) as lines
    inner join invoices
        on lines.invoice_id = invoices.invoice_id
    where invoices.is_sale
),

-- Refunds of documents that are no sales, or of test or deleted ones, are none either; one whose document was never delivered
-- is money paid back to an unknown customer (G-24).
document_ids as (
    select 'order' as document_kind, order_id as document_id from ({{ union_sources('order') }}) as unioned
    union
    select 'invoice', invoice_id from ({{ union_sources('invoice') }}) as unioned
),

documents as (
    select 'order' as document_kind, order_id as document_id, account_id, is_sale from orders
    union all
    select 'invoice', invoice_id, account_id, is_sale from invoices
),

refunds as (
    select
        'refund' as line_kind,
        refunds.refund_id as line_id,
        refunds.document_id,
        documents.account_id,
        cast(null as {{ api.Column.translate_type('string') }}) as product_id,
        refunds.refunded_at as sold_at,
        refunds.currency,
        {{ exact_amount('-refunds.amount_ex_tax') }} as native_amount,
        cast(null as date) as service_start,
        cast(null as date) as service_end
    from (
        select
            *,
            case when order_id is not null then 'order' else 'invoice' end as document_kind,
            coalesce(order_id, invoice_id) as document_id
        from {{ ref('int_refunds') }}
    ) as refunds
    left join documents
        on refunds.document_kind = documents.document_kind and refunds.document_id = documents.document_id
    left join document_ids
        on refunds.document_kind = document_ids.document_kind and refunds.document_id = document_ids.document_id
    where documents.is_sale or document_ids.document_id is null
),

lines as (
    select * from order_lines
    union all
    select * from invoice_lines
    union all
    select * from refunds
),

final as (
    select
        *,
        {{ local_date('sold_at') }} as sold_date,
        coalesce(service_start < service_end, false) as is_spread
    from lines
)

select * from final
