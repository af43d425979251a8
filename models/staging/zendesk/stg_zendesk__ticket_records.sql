-- grain: one row per ticket as the help desk exports it
with

source as (
    {{ newest_rows('zendesk', 'tickets', typed('zendesk', 'tickets', 'updated_at')) }}
),

renamed as (
    select
        {{ typed('zendesk', 'tickets', 'id') }} as ticket_id,
        {{ typed('zendesk', 'tickets', 'created_at') }} as created_at,
        {{ typed('zendesk', 'tickets', 'status') }} as status,
        {{ typed('zendesk', 'tickets', 'priority') }} as priority,
        {{ json_text(typed('zendesk', 'tickets', 'via'), '$.channel') }} as channel,
        {{ typed('zendesk', 'tickets', 'requester_id') }} as requester_id,
        {{ typed('zendesk', 'tickets', 'submitter_id') }} as submitter_id,
        {{ typed('zendesk', 'tickets', 'organization_id') }} as organization_id,
        {{ typed('zendesk', 'tickets', 'assignee_id') }} as assignee_id,
        {{ typed('zendesk', 'tickets', 'group_id') }} as group_id,
        {{ typed('zendesk', 'tickets', 'tags') }} as tags,
        {{ typed('zendesk', 'tickets', 'custom_fields') }} as custom_fields
    from source
)

select * from renamed
