-- grain: one row per surviving lead that is not deleted, no test and no spam
with

leads as (
    {{ union_sources('lead') }}
),

survivors as (
    select lead_id
    from {{ ref('int_lead_keys') }}
    where lead_id = surviving_lead_id
),

eligible as (
    select
        leads.lead_id,
        leads.created_at,
        leads.source,
        leads.campaign_id,
        leads.owner_id,
        leads.converted_at,
        leads.converted_account_id as account_id,
        coalesce(opportunity_keys.surviving_opportunity_id, leads.converted_opportunity_id) as converted_opportunity_id,
        leads.referral_id,
        lower(trim(leads.email)) as email,
        leads.first_touched_at
    from leads
    inner join survivors
        on leads.lead_id = survivors.lead_id
    left join {{ ref('int_opportunity_keys') }} as opportunity_keys
        on leads.converted_opportunity_id = opportunity_keys.opportunity_id
    where
        not coalesce(leads.is_deleted, false)
        and not coalesce(leads.is_test, false)
        and not coalesce(leads.is_spam, false)
        and not {{ is_internal_email('leads.email') }}
        and leads.created_at < {{ as_of() }}
),

final as (
    {{ of_surviving_accounts('eligible') }}
)

select * from final
