-- grain: one row per forecast submission
with

submissions as (
    {{ union_sources('forecast_submission') }}
),

final as (
    select
        forecast_id,
        owner_id,
        period_start,
        coalesce(lower(period_grain), 'month') as period_grain,
        amount,
        currency,
        submitted_at
    from submissions
    where submitted_at < {{ as_of() }}
)

select * from final
