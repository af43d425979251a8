-- grain: one row per invoice
with

source as (
    {{ stripe_objects('invoices') }}
),

customers as (
    select * from {{ ref('stg_stripe__customers') }}
),

typed as (
    select
        {{ typed('stripe', 'invoices', 'id') }} as invoice_id,
        {{ stripe_reference(typed('stripe', 'invoices', 'customer')) }} as customer_id,
        -- A draft has not been finalized: it is issued by nobody yet, and counts nowhere.
        coalesce(
            {{ json_value(typed('stripe', 'invoices', 'status_transitions'), '$.finalized_at', 'epoch') }},
            {{ typed('stripe', 'invoices', 'created') }}
        ) as issued_at,
        {{ typed('stripe', 'invoices', 'status') }} as status,
        upper({{ typed('stripe', 'invoices', 'currency') }}) as currency,
        {{ typed('stripe', 'invoices', 'total') }} as total,
        {{ typed('stripe', 'invoices', 'total_excluding_tax') }} as total_excluding_tax,
        coalesce({{ typed('stripe', 'invoices', 'livemode') }}, true) as is_live
    from source
),

-- The customer says whose account it is.
renamed as (
    select
        typed.invoice_id,
        coalesce(customers.account_id, typed.customer_id) as account_id,
        typed.issued_at,
        typed.status,
        typed.currency,
        typed.total,
        typed.total_excluding_tax
    from typed
    left join customers
        on typed.customer_id = customers.customer_id
    where typed.is_live and coalesce(customers.is_live, true)
)

select * from renamed
