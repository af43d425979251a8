-- grain: one row per invoice
with

invoices as (
    select invoice_id, account_id, issued_at, lower(status) as status, currency
    from ({{ union_sources('invoice') }}) as unioned
    where not coalesce(is_deleted, false) and issued_at < {{ as_of() }}
),

kept as (
    {{ of_surviving_accounts('invoices') }}
),

final as (
    select
        *,
        status in ('paid', 'open') as is_sale
    from kept
)

select * from final
