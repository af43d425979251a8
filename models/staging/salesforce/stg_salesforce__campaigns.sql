-- grain: one row per campaign
with

source as (
    {{ salesforce_records('Campaign') }}
),

typed as (
    select
        {{ typed('salesforce', 'Campaign', 'Id') }} as id,
        {{ typed('salesforce', 'Campaign', 'Type') }} as channel,
        {{ typed('salesforce', 'Campaign', 'IsPaid__c') }} as is_paid
    from source
),

-- A deleted campaign stays: what was spent on it and who came through it remain true.
renamed as (
    select
        {{ salesforce_id('id') }} as campaign_id,
        channel,
        is_paid
    from typed
)

select * from renamed
