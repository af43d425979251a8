-- grain: one row per paying subscription item and closing instant, of every day and of the run clock
with

closings as (
    select distinct closing_date, closing_at
    from {{ ref('dim_periods') }}
    where grain = 'day'
),

items as (
    select * from {{ ref('int_subscription_mrr') }}
),

standing as (
    select
        closings.closing_date,
        closings.closing_at,
        items.*
    from closings
    inner join items
        on {{ valid_before('closings.closing_at', 'items.valid_from', 'items.valid_to') }}
),

final as (
    select
        standing.*,
        standing.product_id as product,
        standing.plan_id as plan,
        {{ in_reporting_currency('standing.monthly_amount', 'standing.currency') }} as mrr_amount
    from standing
    {{ fx_join('standing.currency', add_days('standing.closing_date', -1)) }}
)

select * from final
