-- grain: one row per subscription that came into force
with

source as (
    {{ stripe_objects('subscriptions') }}
),

customers as (
    select * from {{ ref('stg_stripe__customers') }}
),

typed as (
    select
        {{ typed('stripe', 'subscriptions', 'id') }} as subscription_id,
        {{ stripe_reference(typed('stripe', 'subscriptions', 'customer')) }} as customer_id,
        {{ typed('stripe', 'subscriptions', 'status') }} as status,
        upper({{ typed('stripe', 'subscriptions', 'currency') }}) as currency,
        {{ typed('stripe', 'subscriptions', 'trial_start') }} as trial_start,
        {{ typed('stripe', 'subscriptions', 'trial_end') }} as trial_end,
        coalesce({{ typed('stripe', 'subscriptions', 'start_date') }}, {{ typed('stripe', 'subscriptions', 'created') }}) as started_at,
        -- The end that is scheduled, where it has not come yet.
        coalesce({{ typed('stripe', 'subscriptions', 'ended_at') }}, {{ typed('stripe', 'subscriptions', 'cancel_at') }}) as ended_at,
        {{ typed('stripe', 'subscriptions', 'canceled_at') }} as cancel_requested_at,
        {{ json_text(typed('stripe', 'subscriptions', 'cancellation_details'), '$.reason') }} as cancel_reason,
        {{ json_value(typed('stripe', 'subscriptions', 'metadata'), '$.past_due_since', 'epoch') }} as past_due_since,
        {{ json_value(typed('stripe', 'subscriptions', 'metadata'), '$.unpaid_at', 'epoch') }} as unpaid_at,
        {{ json_value(typed('stripe', 'subscriptions', 'metadata'), '$.paused_at', 'epoch') }} as paused_at,
        coalesce(
            {{ json_value(typed('stripe', 'subscriptions', 'metadata'), '$.resumed_at', 'epoch') }},
            {{ json_value(typed('stripe', 'subscriptions', 'pause_collection'), '$.resumes_at', 'epoch') }}
        ) as resumed_at,
        {{ typed('stripe', 'subscriptions', 'discounts') }} as discounts,
        coalesce({{ typed('stripe', 'subscriptions', 'livemode') }}, true) as is_live
    from source
),

-- The customer says whose account it is. A subscription whose first payment never came was never in force, and one of the
-- test mode is none at all.
renamed as (
    select
        typed.subscription_id,
        coalesce(customers.account_id, typed.customer_id) as account_id,
        typed.status,
        typed.currency,
        typed.trial_start,
        typed.trial_end,
        typed.started_at,
        typed.ended_at,
        typed.cancel_requested_at,
        typed.cancel_reason,
        typed.past_due_since,
        typed.unpaid_at,
        typed.paused_at,
        typed.resumed_at,
        typed.discounts
    from typed
    left join customers
        on typed.customer_id = customers.customer_id
    where
        typed.status not in ('incomplete', 'incomplete_expired')
        and typed.is_live
        and coalesce(customers.is_live, true)
)

select * from renamed
