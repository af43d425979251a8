-- grain: one row per refund that succeeded
with

source as (
    {{ stripe_objects('refunds') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

-- A refund does not say whether it is of test mode; its invoice does, and staging has left such invoices out.
exported_invoices as (
    select {{ typed('stripe', 'invoices', 'id') }} as invoice_id
    from ({{ stripe_objects('invoices') }}) as exported
),

typed as (
    select
        {{ typed('stripe', 'refunds', 'id') }} as refund_id,
        {{ stripe_reference(typed('stripe', 'refunds', 'invoice')) }} as invoice_id,
        {{ typed('stripe', 'refunds', 'amount') }} as amount,
        {{ json_value(typed('stripe', 'refunds', 'metadata'), '$.amount_excluding_tax', 'decimal') }} as amount_excluding_tax,
        upper({{ typed('stripe', 'refunds', 'currency') }}) as currency,
        {{ typed('stripe', 'refunds', 'created') }} as refunded_at,
        {{ typed('stripe', 'refunds', 'status') }} as status
    from source
),

-- A refund gives back a part of the whole with tax; where its net amount is not noted, the invoice's share without tax.
with_invoices as (
    select
        typed.refund_id,
        typed.invoice_id,
        coalesce(typed.currency, invoices.currency) as currency,
        typed.refunded_at,
        coalesce(
            typed.amount_excluding_tax,
            cast(round(typed.amount * (invoices.total_excluding_tax / nullif(invoices.total, 0)), 0) as decimal(28, 10)),
            typed.amount
        ) as amount_ex_tax
    from typed
    left join invoices
        on typed.invoice_id = invoices.invoice_id
    left join exported_invoices
        on typed.invoice_id = exported_invoices.invoice_id
    where
        coalesce(typed.status, 'succeeded') = 'succeeded'
        and (invoices.invoice_id is not null or exported_invoices.invoice_id is null)
),

renamed as (
    select
        refund_id,
        invoice_id,
        {{ major_units('amount_ex_tax', stripe_exponent('currency')) }} as amount_ex_tax,
        currency,
        refunded_at
    from with_invoices
)

select * from renamed
