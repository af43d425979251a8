-- grain: one row per organization
with

source as (
    {{ newest_rows('zendesk', 'organizations', typed('zendesk', 'organizations', 'updated_at')) }}
),

renamed as (
    select
        {{ typed('zendesk', 'organizations', 'id') }} as organization_id,
        {{ salesforce_id(typed('zendesk', 'organizations', 'external_id')) }} as account_id
    from source
)

select * from renamed
