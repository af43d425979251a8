-- grain: one row per staff member and assignment; both dates inclusive
with

assignments as (
    {{ union_sources('staff_assignment') }}
),

final as (
    select
        user_id,
        role,
        team,
        coalesce(fte, 1) as fte,
        coalesce(quota_carrying, false) as is_quota_carrying,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to
    from assignments
)

select * from final
