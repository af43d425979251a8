-- grain: one row per user
with

source as (
    {{ newest_rows('zendesk', 'users', typed('zendesk', 'users', 'updated_at')) }}
),

renamed as (
    select
        {{ typed('zendesk', 'users', 'id') }} as user_id,
        {{ typed('zendesk', 'users', 'name') }} as name,
        {{ typed('zendesk', 'users', 'email') }} as email,
        {{ typed('zendesk', 'users', 'role') }} as role,
        {{ typed('zendesk', 'users', 'organization_id') }} as organization_id,
        {{ typed('zendesk', 'users', 'default_group_id') }} as default_group_id,
        coalesce({{ json_value(typed('zendesk', 'users', 'user_fields'), '$.is_bot', 'boolean') }}, false) as is_bot,
        coalesce({{ typed('zendesk', 'users', 'active') }}, true)
        and not coalesce({{ typed('zendesk', 'users', 'suspended') }}, false) as is_active
    from source
)

select * from renamed
