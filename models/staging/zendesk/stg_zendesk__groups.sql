-- grain: one row per group of agents
with

source as (
    {{ newest_rows('zendesk', 'groups', typed('zendesk', 'groups', 'updated_at')) }}
),

renamed as (
    select
        {{ typed('zendesk', 'groups', 'id') }} as group_id,
        {{ typed('zendesk', 'groups', 'name') }} as name
    from source
)

select * from renamed
