-- grain: one row per order that is a sale; whether it is a valid purchase is judged as of the build (contract 4.B5)
with

converted as (
    select
        orders.*,
        {{ local_date('orders.ordered_at') }} as ordered_date,
        {{ in_reporting_currency('orders.net_amount', 'orders.currency') }} as order_amount
    from {{ ref('int_orders') }} as orders
    {{ fx_join('orders.currency', local_date('orders.ordered_at')) }}
    where orders.is_sale
),

dimensioned as (
    {{ with_customer_dimensions('converted', 'ordered_at') }}
),

final as (
    select
        order_id,
        account_id,
        buyer_id,
        ordered_at,
        ordered_date,
        is_valid,
        order_amount,
        channel,
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
