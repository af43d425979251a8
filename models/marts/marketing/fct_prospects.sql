-- grain: one row per account that had an opportunity before it ever paid, at its first one (contract 4.C3)
with

opportunities as (
    select opportunity_id, account_id, owner_id, lead_id, opportunity_type, created_at
    from {{ ref('int_opportunities') }}
    where account_id is not null and coalesce(opportunity_type, '') <> 'renewal'
),

lifecycle as (
    select * from {{ ref('int_customer_lifecycle') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

orders as (
    select account_id, ordered_at, is_valid from {{ ref('int_orders') }}
),

invoices as (
    select document_id as invoice_id, account_id, sold_at as issued_at, sum(native_amount) as net_amount
    from {{ ref('int_sales_lines') }}
    where line_kind = 'invoice'
    group by 1, 2, 3
),

refunds as (
    select invoice_id, amount_ex_tax, refunded_at from {{ ref('int_refunds') }}
    where invoice_id is not null
),

-- A deleted account stays only where money happened (G-19).
billed_accounts as (
    select account_id from orders
    union
    select account_id from {{ ref('int_invoices') }}
    union
    select account_id from {{ ref('int_subscriptions') }}
    union
    select account_id from {{ ref('int_contracts') }}
),

first_opportunities as (
    select *
    from (
        select *, row_number() over (partition by account_id order by created_at, opportunity_id) as opportunity_number
        from opportunities
    ) as ranked
    where opportunity_number = 1
),

prospects as (
    select
        first_opportunities.opportunity_id,
        first_opportunities.account_id,
        first_opportunities.owner_id,
        first_opportunities.lead_id,
        first_opportunities.opportunity_type,
        first_opportunities.created_at as prospect_at,
        {{ end_of_window_days('first_opportunities.created_at', var('conversion_window_days')) }} as window_end_at,
        lifecycle.first_paid_at,
        lifecycle.first_paid_date,
        accounts.industry,
        accounts.country,
        accounts.acquisition_channel
    from first_opportunities
    left join lifecycle
        on first_opportunities.account_id = lifecycle.account_id
    left join accounts
        on first_opportunities.account_id = accounts.account_id
    left join billed_accounts
        on first_opportunities.account_id = billed_accounts.account_id
    where
        (lifecycle.first_paid_at is null or lifecycle.first_paid_at >= first_opportunities.created_at)
        and (not coalesce(accounts.is_deleted, false) or billed_accounts.account_id is not null)
),

-- Payments inside the window; an invoice refunded in full inside the window is none that was kept.
payments as (
    select prospects.account_id, 1 as is_kept
    from prospects
    inner join orders
        on
            prospects.account_id = orders.account_id
            and orders.is_valid
            and orders.ordered_at >= prospects.prospect_at
            and orders.ordered_at < prospects.window_end_at
    union all
    select
        prospects.account_id,
        case when coalesce(sum(refunds.amount_ex_tax), 0) > 0 and sum(refunds.amount_ex_tax) >= max(invoices.net_amount) then 0 else 1 end
    from prospects
    inner join invoices
        on
            prospects.account_id = invoices.account_id
            and invoices.issued_at >= prospects.prospect_at
            and invoices.issued_at < prospects.window_end_at
    left join refunds
        on invoices.invoice_id = refunds.invoice_id and refunds.refunded_at < prospects.window_end_at
    group by prospects.account_id, invoices.invoice_id
),

kept_payments as (
    select account_id, max(is_kept) as is_any_kept
    from payments
    group by 1
),

dimensioned as (
    {{ with_sales_dimensions('prospects', 'prospect_at') }}
),

final as (
    select
        dimensioned.account_id,
        dimensioned.opportunity_id,
        dimensioned.opportunity_type,
        dimensioned.prospect_at,
        {{ local_date('dimensioned.prospect_at') }} as prospect_date,
        dimensioned.first_paid_at,
        coalesce(dimensioned.first_paid_at < dimensioned.window_end_at, false)
        and coalesce(kept_payments.is_any_kept, 1) = 1 as is_converted,
        dimensioned.owner,
        dimensioned.team,
        dimensioned.region,
        dimensioned.lead_source,
        dimensioned.segment,
        dimensioned.industry,
        dimensioned.country,
        dimensioned.acquisition_channel,
        {{ month_label('dimensioned.first_paid_date') }} as cohort_month
    from dimensioned
    left join kept_payments
        on dimensioned.account_id = kept_payments.account_id
)

select * from final
