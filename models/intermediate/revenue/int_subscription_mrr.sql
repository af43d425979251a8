-- grain: one row per subscription item and interval (valid_from, valid_to] of constant paid monthly amount, in native currency
with

subscriptions as (
    select * from {{ ref('int_subscriptions') }}
),

versions as (
    select * from {{ ref('int_subscription_prices') }}
),

discounts as (
    select * from {{ ref('int_subscription_discounts') }}
),

pauses as (
    select * from {{ ref('int_subscription_pauses') }}
),

-- Every instant at which the amount of a subscription can change.
boundaries as (
    select subscription_id, started_at as boundary_at from subscriptions
    union
    select subscription_id, ended_at from subscriptions
    union
    select subscription_id, trial_start from subscriptions
    union
    select subscription_id, trial_end from subscriptions
    union
    select subscription_id, valid_from from versions
    union
    select subscription_id, valid_to from versions
    union
    select subscription_id, starts_at from discounts
    union
    select subscription_id, ends_at from discounts
    union
    select subscription_id, paused_at from pauses
    union
    select subscription_id, resumed_at from pauses
),

stretches as (
    select
        subscription_id,
        boundary_at as valid_from,
        lead(boundary_at) over (partition by subscription_id order by boundary_at) as valid_to
    from boundaries
    where boundary_at is not null
),

-- Paying: begun, not ended, not in trial, not paused. Within a stretch the state is that of its first instant.
paying as (
    select
        stretches.subscription_id,
        subscriptions.account_id,
        subscriptions.ended_at,
        subscriptions.end_cause,
        stretches.valid_from,
        stretches.valid_to
    from stretches
    inner join subscriptions
        on stretches.subscription_id = subscriptions.subscription_id
    left join pauses
        on
            stretches.subscription_id = pauses.subscription_id
            and {{ valid_at('stretches.valid_from', 'pauses.paused_at', 'pauses.resumed_at') }}
    where
        {{ valid_at('stretches.valid_from', 'subscriptions.started_at', 'subscriptions.ended_at') }}
        and not (
            coalesce(subscriptions.trial_start, subscriptions.trial_end) is not null
            and (subscriptions.trial_start is null or subscriptions.trial_start <= stretches.valid_from)
            and (subscriptions.trial_end is null or stretches.valid_from < subscriptions.trial_end)
        )
        and pauses.subscription_id is null
),

items as (
    select
        paying.*,
        versions.item_id,
        versions.product_id,
        versions.plan_id,
        versions.billing_unit,
        versions.interval_count,
        versions.currency,
        versions.change_reason,
        versions.valid_from as version_from,
        cast(versions.interval_price as double) as interval_price,
        versions.months_per_interval,
        cast(sum(versions.interval_price) over (partition by paying.subscription_id, paying.valid_from) as double) as subscription_price
    from paying
    inner join versions
        on
            paying.subscription_id = versions.subscription_id
            and {{ valid_at('paying.valid_from', 'versions.valid_from', 'versions.valid_to') }}
),

discounts_in_force as (
    select
        stretches.subscription_id,
        stretches.valid_from,
        cast(sum(coalesce(discounts.percent_off, 0)) as double) as percent_off,
        cast(sum(coalesce(discounts.amount_off, 0)) as double) as amount_off
    from stretches
    inner join discounts
        on
            stretches.subscription_id = discounts.subscription_id
            and (discounts.starts_at is null or discounts.starts_at <= stretches.valid_from)
            and (discounts.ends_at is null or stretches.valid_from < discounts.ends_at)
    group by 1, 2
),

-- Discounts add up, capped at the price; an amount off is per billing interval and spread over the items by price.
priced as (
    select
        items.*,
        greatest(
            0,
            items.interval_price
            - items.interval_price * coalesce(discounts_in_force.percent_off, 0) / 100
            - coalesce(discounts_in_force.amount_off, 0) * items.interval_price / nullif(items.subscription_price, 0)
        ) / items.months_per_interval as monthly_amount
    from items
    left join discounts_in_force
        on
            items.subscription_id = discounts_in_force.subscription_id
            and items.valid_from = discounts_in_force.valid_from
),

pause_starts as (
    select distinct subscription_id, paused_at
    from pauses
),

final as (
    select
        priced.subscription_id,
        priced.item_id,
        priced.account_id,
        priced.product_id,
        priced.plan_id,
        case when priced.interval_count = 1 then '' else cast(priced.interval_count as {{ api.Column.translate_type('string') }}) || ' ' end
        || priced.billing_unit as billing_interval,
        priced.currency,
        priced.monthly_amount,
        priced.change_reason,
        priced.version_from,
        priced.valid_from,
        priced.valid_to,
        -- why the amount stops at valid_to, should nothing follow
        case
            when priced.valid_to = priced.ended_at then priced.end_cause
            when pause_starts.subscription_id is not null then 'pause'
            else 'voluntary'
        end as end_cause
    from priced
    left join pause_starts
        on
            priced.subscription_id = pause_starts.subscription_id
            and priced.valid_to = pause_starts.paused_at
    where priced.monthly_amount > 0
)

select * from final
