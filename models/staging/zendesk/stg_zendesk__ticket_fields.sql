-- grain: one row per ticket, with the custom fields that have a meaning here
with

tickets as (
    select * from {{ ref('stg_zendesk__ticket_records') }}
),

field_map as (
    select * from {{ ref('zendesk_field_map') }}
),

elements as (
    {{ json_elements('tickets', 'custom_fields') }}
),

fields as (
    select
        ticket_id,
        {{ json_text('element', '$.id') }} as field_id,
        nullif({{ json_text('element', '$.value') }}, '') as value
    from elements
),

final as (
    select
        fields.ticket_id,
        max(case when field_map.meaning = 'topic' then fields.value end) as topic,
        max(case when field_map.meaning = 'first_level_resolvable' then fields.value end) as first_level_resolvable,
        max(case when field_map.meaning = 'schedule_id' then fields.value end) as schedule_id,
        max(case when field_map.meaning = 'merged_into_id' then fields.value end) as merged_into_id
    from fields
    inner join field_map
        on fields.field_id = field_map.field_id
    group by 1
)

select * from final
