-- grain: one row per lead, merged shells included
with

source as (
    {{ salesforce_records('Lead') }}
),

campaign_members as (
    select * from {{ ref('stg_salesforce__campaign_members') }}
),

typed as (
    select
        {{ typed('salesforce', 'Lead', 'Id') }} as id,
        {{ typed('salesforce', 'Lead', 'CreatedDate') }} as created_at,
        {{ typed('salesforce', 'Lead', 'LeadSource') }} as lead_source,
        {{ typed('salesforce', 'Lead', 'Campaign_Id__c') }} as campaign_id,
        {{ typed('salesforce', 'Lead', 'OwnerId') }} as owner_id,
        {{ typed('salesforce', 'Lead', 'Email') }} as email,
        {{ typed('salesforce', 'Lead', 'Converted_At__c') }} as converted_at,
        {{ typed('salesforce', 'Lead', 'ConvertedDate') }} as converted_date,
        {{ typed('salesforce', 'Lead', 'ConvertedAccountId') }} as converted_account_id,
        {{ typed('salesforce', 'Lead', 'ConvertedOpportunityId') }} as converted_opportunity_id,
        {{ typed('salesforce', 'Lead', 'Referral_Id__c') }} as referral_id,
        coalesce({{ typed('salesforce', 'Lead', 'Is_Test__c') }}, false) as is_test,
        coalesce({{ typed('salesforce', 'Lead', 'Is_Spam__c') }}, false) as is_spam,
        coalesce({{ typed('salesforce', 'Lead', 'IsDeleted') }}, false) as is_deleted,
        {{ typed('salesforce', 'Lead', 'MasterRecordId') }} as master_record_id,
        {{ typed('salesforce', 'Lead', 'First_Touched_At__c') }} as first_touched_at
    from source
),

-- Salesforce records the campaigns of a lead as memberships; the first one brought it.
first_campaigns as (
    select lead_id, campaign_id
    from (
        select
            lead_id,
            campaign_id,
            row_number() over (partition by lead_id order by created_at nulls last, campaign_member_id) as nth
        from campaign_members
        where lead_id is not null and not is_deleted
    ) as ranked
    where nth = 1
),

with_ids as (
    select
        typed.*,
        {{ salesforce_id('typed.id') }} as lead_id,
        {{ salesforce_id('typed.campaign_id') }} as recorded_campaign_id
    from typed
),

renamed as (
    select
        with_ids.lead_id,
        with_ids.created_at,
        with_ids.lead_source as source,
        coalesce(with_ids.recorded_campaign_id, first_campaigns.campaign_id) as campaign_id,
        {{ salesforce_id('with_ids.owner_id') }} as owner_id,
        with_ids.email,
        -- A conversion known by its day only: that day's midnight, but not before the lead was there.
        coalesce(
            with_ids.converted_at,
            case
                when with_ids.converted_date = {{ local_date('with_ids.created_at') }} then with_ids.created_at
                else {{ local_midnight('with_ids.converted_date') }}
            end
        ) as converted_at,
        {{ salesforce_id('with_ids.converted_account_id') }} as converted_account_id,
        {{ salesforce_id('with_ids.converted_opportunity_id') }} as converted_opportunity_id,
        with_ids.referral_id,
        with_ids.is_test,
        with_ids.is_spam,
        with_ids.is_deleted and with_ids.master_record_id is null as is_deleted,
        {{ salesforce_id('with_ids.master_record_id') }} as merged_into_id,
        with_ids.first_touched_at
    from with_ids
    left join first_campaigns
        on with_ids.lead_id = first_campaigns.lead_id
)

select * from renamed
