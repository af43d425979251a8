-- grain: one row per paying subscription item and closing instant of a month, quarter or year, and of the run clock
with

month_closings as (
    select distinct closing_date
    from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

closings as (
    select items.*
    from {{ ref('int_mrr_closings') }} as items
    inner join month_closings
        on items.closing_date = month_closings.closing_date
),

dimensioned as (
    {{ with_customer_dimensions('closings', 'closing_at', closing=true) }}
),

final as (
    select
        closing_date,
        closing_at,
        subscription_id,
        item_id,
        account_id,
        product_id,
        plan_id,
        billing_interval,
        currency,
        monthly_amount,
        mrr_amount,
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
