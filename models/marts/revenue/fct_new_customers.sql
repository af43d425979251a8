-- grain: one row per account that became a customer for the first time
with

lifecycle as (
    select * from {{ ref('int_customer_lifecycle') }}
),

dimensioned as (
    {{ with_customer_dimensions('lifecycle', 'first_paid_at') }}
),

final as (
    select
        account_id,
        first_paid_at,
        first_paid_date,
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
