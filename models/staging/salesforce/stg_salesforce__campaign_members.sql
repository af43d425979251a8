-- grain: one row per membership of a lead or contact in a campaign
with

source as (
    {{ salesforce_records('CampaignMember') }}
),

typed as (
    select
        {{ typed('salesforce', 'CampaignMember', 'Id') }} as id,
        {{ typed('salesforce', 'CampaignMember', 'CampaignId') }} as campaign_id,
        {{ typed('salesforce', 'CampaignMember', 'LeadId') }} as lead_id,
        {{ typed('salesforce', 'CampaignMember', 'ContactId') }} as contact_id,
        {{ typed('salesforce', 'CampaignMember', 'CreatedDate') }} as created_at,
        coalesce({{ typed('salesforce', 'CampaignMember', 'IsDeleted') }}, false) as is_deleted
    from source
),

renamed as (
    select
        {{ salesforce_id('id') }} as campaign_member_id,
        {{ salesforce_id('campaign_id') }} as campaign_id,
        {{ salesforce_id('lead_id') }} as lead_id,
        {{ salesforce_id('contact_id') }} as contact_id,
        created_at,
        is_deleted
    from typed
)

select * from renamed
