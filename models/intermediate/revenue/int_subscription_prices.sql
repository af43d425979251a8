-- grain: one row per recurring version of a subscription item, with its list price per month and that of the version it replaces
with

versions as (
    select
        *,
        {{ exact_amount('quantity * unit_price') }} as interval_price,
        {{ months_per_interval('billing_unit', 'interval_count') }} as months_per_interval
    from {{ ref('int_subscription_versions') }}
),

priced as (
    select
        *,
        -- a decimal, so that the same price in another interval is the same number
        cast(cast(interval_price as double) / months_per_interval as decimal(28, 10)) as monthly_price
    from versions
),

final as (
    select
        *,
        lag(monthly_price) over (partition by subscription_id, item_id order by valid_from, valid_to) as replaced_monthly_price
    from priced
)

select * from final
