-- grain: one row per subscription with a trial (contract 5.1); an extension moves its end
with

trials as (
    select
        *,
        coalesce(trial_start, started_at) as trial_started_at,
        trial_end < {{ as_of() }} as is_over
    from {{ ref('int_subscriptions') }}
    where trial_end is not null and coalesce(trial_start, started_at) < {{ as_of() }}
),

-- Paying within seven local days after the day on which the trial ended.
conversions as (
    select distinct trials.subscription_id
    from trials
    inner join {{ ref('int_subscription_mrr') }} as paying
        on
            trials.subscription_id = paying.subscription_id
            and paying.valid_from < {{ end_of_window_days('trials.trial_end', 7) }}
            and paying.valid_from < {{ as_of() }}
            and (paying.valid_to is null or trials.trial_end < paying.valid_to)
),

measured as (
    select
        trials.*,
        case when trials.is_over then trials.trial_end else trials.trial_started_at end as counted_at,
        conversions.subscription_id is not null and trials.is_over as is_converted
    from trials
    left join conversions
        on trials.subscription_id = conversions.subscription_id
),

dimensioned as (
    {{ with_customer_dimensions('measured', 'counted_at') }}
),

final as (
    select
        subscription_id,
        account_id,
        trial_started_at,
        trial_end as trial_ends_at,
        is_over,
        {{ local_date('counted_at') }} as counted_date,
        is_converted,
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
