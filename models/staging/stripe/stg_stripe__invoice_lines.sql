-- grain: one row per invoice line; amounts without tax and before discount
with

source as (
    {{ stripe_objects('invoice_lines') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

typed as (
    select
        {{ typed('stripe', 'invoice_lines', 'id') }} as line_id,
        {{ typed('stripe', 'invoice_lines', 'invoice') }} as invoice_id,
        {{ typed('stripe', 'invoice_lines', 'type') }} as line_type,
        {{ typed('stripe', 'invoice_lines', 'amount') }} as amount,
        upper({{ typed('stripe', 'invoice_lines', 'currency') }}) as currency,
        {{ typed('stripe', 'invoice_lines', 'discount_amounts') }} as discount_amounts,
        {{ json_value(typed('stripe', 'invoice_lines', 'period'), '$.start', 'epoch') }} as period_start,
        {{ json_value(typed('stripe', 'invoice_lines', 'period'), '$.end', 'epoch') }} as period_end
    from source
),

line_discounts as (
    {{ json_elements('typed', 'discount_amounts') }}
),

discounts as (
    select
        line_id,
        sum({{ json_value('element', '$.amount', 'decimal') }}) as discount
    from line_discounts
    group by 1
),

-- The invoice gives the currency where the line does not repeat it.
with_currency as (
    select
        typed.line_id,
        typed.invoice_id,
        typed.line_type,
        typed.amount,
        coalesce(discounts.discount, 0) as discount,
        coalesce(typed.currency, invoices.currency) as currency,
        typed.period_start,
        typed.period_end
    from typed
    inner join invoices
        on typed.invoice_id = invoices.invoice_id
    left join discounts
        on typed.line_id = discounts.line_id
),

typed_dates as (
    select
        *,
        {{ local_date('period_start') }} as start_date,
        {{ local_date('period_end') }} as end_date
    from with_currency
),

-- A line for a moment has no service period. The end is exclusive, as everywhere.
renamed as (
    select
        line_id,
        invoice_id,
        line_type,
        {{ major_units('amount', stripe_exponent('currency')) }} as amount_ex_tax,
        {{ major_units('discount', stripe_exponent('currency')) }} as discount,
        case when end_date > start_date then start_date end as service_start,
        case when end_date > start_date then end_date end as service_end
    from typed_dates
)

select * from renamed
