-- grain: one row per staff member's quota and stretch of time; the end date is exclusive
with

quotas as (
    {{ union_sources('quota') }}
),

-- The quota of a team is the sum of its members' or another target altogether: it is in no person's attainment.
final as (
    select
        user_id,
        period_start,
        period_end,
        amount,
        currency
    from quotas
    where user_id is not null and period_start < period_end
)

select * from final
