-- grain: one row per staff member
with

final as (
    select user_id, role, team, is_bot, is_active
    from {{ ref('int_staff') }}
)

select * from final
