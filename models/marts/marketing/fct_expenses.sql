-- grain: one row per expense of the ledger, in reporting currency
with

expenses as (
    select * from {{ ref('int_expenses') }}
),

campaigns as (
    select * from {{ ref('int_campaigns') }}
),

final as (
    select
        expenses.expense_id,
        expenses.spent_on,
        {{ add_months("cast(date_trunc('month', expenses.spent_on) as date)", var('cac_lag_months') | int) }} as lagged_month,
        expenses.{{ adapter.quote('function') }} as expense_function,
        expenses.category,
        expenses.campaign_id,
        campaigns.channel,
        coalesce(campaigns.is_paid, false) as is_paid_campaign,
        {{ in_reporting_currency('expenses.amount', 'expenses.currency') }} as amount,
        {{ in_reporting_currency('expenses.amount * coalesce(expenses.acquisition_share, 1)', 'expenses.currency') }} as acquisition_amount
    from expenses
    left join campaigns
        on expenses.campaign_id = campaigns.campaign_id
    {{ fx_join('expenses.currency', 'expenses.spent_on') }}
)

select * from final
