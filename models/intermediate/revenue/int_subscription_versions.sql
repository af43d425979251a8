-- grain: one row per recurring version of a subscription item, with its list price per month and that of the version it replaces
with

versions as (
    select
        subscription_id,
        coalesce(item_id, subscription_id) as item_id,
        product_id,
        plan_id,
        cast(coalesce(interval_count, 1) as integer) as interval_count,
        "interval" as billing_unit,
        upper(currency) as currency,
        lower(change_reason) as change_reason,
        valid_from,
        valid_to,
        cast(coalesce(quantity, 1) as double) * cast(unit_price as double) as interval_price
    from ({{ union_sources('subscription_version') }}) as unioned
    where coalesce(price_type, 'recurring') = 'recurring'
),

priced as (
    select
        *,
        {{ months_per_interval('billing_unit', 'interval_count') }} as months_per_interval,
        interval_price / {{ months_per_interval('billing_unit', 'interval_count') }} as monthly_price
    from versions
),

final as (
    select
        *,
        lag(monthly_price) over (partition by subscription_id, item_id order by valid_from, valid_to) as replaced_monthly_price
    from priced
)

select * from final
