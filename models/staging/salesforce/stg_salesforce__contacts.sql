-- grain: one row per contact, merged shells included
with

source as (
    {{ salesforce_records('Contact') }}
),

typed as (
    select
        {{ typed('salesforce', 'Contact', 'Id') }} as id,
        {{ typed('salesforce', 'Contact', 'AccountId') }} as account_id,
        {{ typed('salesforce', 'Contact', 'Email') }} as email,
        {{ typed('salesforce', 'Contact', 'CreatedDate') }} as created_at,
        coalesce({{ typed('salesforce', 'Contact', 'IsDeleted') }}, false) as is_deleted,
        {{ typed('salesforce', 'Contact', 'MasterRecordId') }} as master_record_id
    from source
),

renamed as (
    select
        {{ salesforce_id('id') }} as contact_id,
        {{ salesforce_id('account_id') }} as account_id,
        email,
        created_at,
        is_deleted and master_record_id is null as is_deleted,
        {{ salesforce_id('master_record_id') }} as merged_into_id
    from typed
)

select * from renamed
