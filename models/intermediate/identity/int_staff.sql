-- grain: one row per staff member of any system
with

staff as (
    {{ union_sources('staff') }}
),

final as (
    select
        user_id,
        role,
        team,
        lower(trim(email)) as email,
        coalesce(is_bot, false) as is_bot,
        coalesce(is_active, true) as is_active
    from staff
)

select * from final
