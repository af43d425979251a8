-- grain: one row per opportunity
with

source as (
    {{ salesforce_records('Opportunity') }}
),

leads as (
    select * from {{ ref('stg_salesforce__leads') }}
),

stage_map as (
    select * from {{ ref('salesforce_stage_map') }}
),

type_map as (
    select * from {{ ref('salesforce_type_map') }}
),

typed as (
    select
        {{ typed('salesforce', 'Opportunity', 'Id') }} as id,
        {{ typed('salesforce', 'Opportunity', 'AccountId') }} as account_id,
        {{ typed('salesforce', 'Opportunity', 'OwnerId') }} as owner_id,
        {{ typed('salesforce', 'Opportunity', 'Type') }} as type_name,
        {{ typed('salesforce', 'Opportunity', 'Amount') }} as amount,
        {{ typed('salesforce', 'Opportunity', 'CurrencyIsoCode') }} as currency,
        {{ typed('salesforce', 'Opportunity', 'CreatedDate') }} as created_at,
        {{ typed('salesforce', 'Opportunity', 'CloseDate') }} as close_date,
        {{ typed('salesforce', 'Opportunity', 'StageName') }} as stage_name,
        {{ typed('salesforce', 'Opportunity', 'IsClosed') }} as is_closed,
        {{ typed('salesforce', 'Opportunity', 'IsWon') }} as is_won,
        {{ typed('salesforce', 'Opportunity', 'Loss_Reason__c') }} as loss_reason,
        {{ typed('salesforce', 'Opportunity', 'ForecastCategory') }} as forecast_category,
        {{ typed('salesforce', 'Opportunity', 'Probability') }} as probability_percent,
        {{ typed('salesforce', 'Opportunity', 'NextStep') }} as next_step,
        {{ typed('salesforce', 'Opportunity', 'LastActivityDate') }} as last_activity_date,
        coalesce({{ typed('salesforce', 'Opportunity', 'IsDeleted') }}, false) as is_deleted
    from source
),

-- A lead points to the opportunity that it became; of several the earliest began it.
converted_leads as (
    select opportunity_id, lead_id
    from (
        select
            converted_opportunity_id as opportunity_id,
            lead_id,
            row_number() over (partition by converted_opportunity_id order by created_at nulls last, lead_id) as nth
        from leads
        where converted_opportunity_id is not null and merged_into_id is null and not is_deleted
    ) as ranked
    where nth = 1
),

classified as (
    select
        typed.*,
        {{ salesforce_id('typed.id') }} as opportunity_id,
        -- An export that leaves these empty says false; where the stage is a closed one, the stage decides.
        coalesce(typed.is_closed, stage_map.is_closed, false) as is_in_closed_stage,
        coalesce(typed.is_won, stage_map.is_won, false) as is_in_won_stage,
        stage_map.stage_order,
        type_map.type
    from typed
    left join stage_map
        on lower(trim(typed.stage_name)) = stage_map.stage_name
    left join type_map
        on lower(trim(typed.type_name)) = type_map.type_name
),

renamed as (
    select
        classified.opportunity_id,
        {{ salesforce_id('classified.account_id') }} as account_id,
        {{ salesforce_id('classified.owner_id') }} as owner_id,
        -- Business of a kind that is not named, or not in the map, counts as new: left out it would flatter the win rate.
        coalesce(classified.type, 'new') as type,
        lower(trim(classified.type_name)) as type_name,
        classified.amount,
        upper(coalesce(classified.currency, '{{ var("salesforce_currency", var("reporting_currency")) }}')) as currency,
        classified.created_at,
        classified.close_date,
        case
            when classified.is_in_won_stage then 'won'
            when classified.is_in_closed_stage then 'lost'
            else classified.stage_name
        end as stage,
        classified.stage_name,
        coalesce(classified.stage_order, cast(classified.probability_percent as bigint)) as stage_order,
        classified.is_in_closed_stage or classified.is_in_won_stage as is_closed,
        classified.is_in_won_stage as is_won,
        {{ as_word('classified.loss_reason') }} as loss_reason,
        classified.forecast_category,
        classified.probability_percent * cast(0.01 as decimal(3, 2)) as probability,
        converted_leads.lead_id,
        classified.next_step,
        {{ local_midnight('classified.last_activity_date') }} as last_activity_at,
        classified.is_deleted
    from classified
    left join converted_leads
        on classified.opportunity_id = converted_leads.opportunity_id
)

select * from renamed
