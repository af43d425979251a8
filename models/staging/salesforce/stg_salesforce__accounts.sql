-- grain: one row per account, merged shells included
with

source as (
    {{ salesforce_records('Account') }}
),

typed as (
    select
        {{ typed('salesforce', 'Account', 'Id') }} as id,
        {{ typed('salesforce', 'Account', 'Name') }} as name,
        {{ typed('salesforce', 'Account', 'CreatedDate') }} as created_at,
        {{ typed('salesforce', 'Account', 'BillingCountryCode') }} as country_code,
        {{ typed('salesforce', 'Account', 'BillingCountry') }} as country,
        {{ typed('salesforce', 'Account', 'Segment__c') }} as segment,
        {{ typed('salesforce', 'Account', 'Industry') }} as industry,
        {{ typed('salesforce', 'Account', 'AccountSource') }} as acquisition_channel,
        {{ typed('salesforce', 'Account', 'OwnerId') }} as owner_id,
        coalesce({{ typed('salesforce', 'Account', 'Is_Test__c') }}, false) as is_test,
        coalesce({{ typed('salesforce', 'Account', 'IsDeleted') }}, false) as is_deleted,
        {{ typed('salesforce', 'Account', 'MasterRecordId') }} as master_record_id,
        {{ salesforce_updated_at('Account') }} as updated_at
    from source
),

renamed as (
    select
        {{ salesforce_id('id') }} as account_id,
        name,
        created_at,
        coalesce(country_code, country) as country,
        segment,
        industry,
        acquisition_channel,
        {{ salesforce_id('owner_id') }} as owner_id,
        is_test,
        -- Salesforce deletes a record that it merges away; it is the merge that counts.
        is_deleted and master_record_id is null as is_deleted,
        -- A deletion is the last change of a record.
        case when is_deleted and master_record_id is null then updated_at end as deleted_at,
        {{ salesforce_id('master_record_id') }} as merged_into_id
    from typed
)

select * from renamed
