-- grain: one row per KPI id, grain, period and slice
-- contract 4.C6: of the carts, checkouts or forms begun in the period, the share not completed; abandonment_rate is one of the three
with

carts as (
    select *, started_date as kpi_date, case when is_purchased_in_window then 0 else 1 end as numerator, 1 as denominator
    from {{ ref('fct_carts') }}
),

forms as (
    select *, started_date as kpi_date, case when is_submitted then 0 else 1 end as numerator, 1 as denominator
    from {{ ref('fct_form_sessions') }}
),

cart_rates as (
    select 'cart_abandonment_rate' as kpi_id, * from carts
    union all
    select 'checkout_abandonment_rate', * from carts
    where has_checkout
    union all
    select 'abandonment_rate', * from carts
    where is_abandonment_basis
),

form_rates as (
    select 'form_abandonment_rate' as kpi_id, * from forms
    union all
    select 'abandonment_rate', * from forms
    where is_abandonment_basis
),

recovered as (
    select
        'late_recovery_count' as kpi_id, kpi_date, 1 as numerator, null as denominator,
        device, channel, campaign, country, checkout_step
    from carts
    where not is_purchased_in_window and purchased_at is not null
),

cart_rows as (
    {{ rolled_up_events('abandonment_rate', 'cart_rates', d_web() + ['checkout_step']) }}
),

form_rows as (
    {{ rolled_up_events('abandonment_rate', 'form_rates', d_web() + ['form']) }}
),

recovered_rows as (
    {{ rolled_up_events('abandonment_rate', 'recovered', d_web() + ['checkout_step']) }}
),

final as (
    {{ published('abandonment_rate', ['cart_rows', 'form_rows', 'recovered_rows']) }}
)

select * from final
