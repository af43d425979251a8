-- grain: one row per entry of an opportunity into a stage
with

source as (
    {{ salesforce_records('OpportunityHistory', typed('salesforce', 'OpportunityHistory', 'SystemModstamp')) }}
),

opportunities as (
    select * from {{ ref('stg_salesforce__opportunities') }}
),

stage_map as (
    select * from {{ ref('salesforce_stage_map') }}
),

typed as (
    select
        {{ typed('salesforce', 'OpportunityHistory', 'Id') }} as id,
        {{ typed('salesforce', 'OpportunityHistory', 'OpportunityId') }} as opportunity_id,
        {{ typed('salesforce', 'OpportunityHistory', 'StageName') }} as stage_name,
        {{ typed('salesforce', 'OpportunityHistory', 'Probability') }} as probability_percent,
        {{ typed('salesforce', 'OpportunityHistory', 'CreatedDate') }} as entered_at,
        coalesce({{ typed('salesforce', 'OpportunityHistory', 'IsDeleted') }}, false) as is_deleted
    from source
),

with_ids as (
    select
        {{ salesforce_id('id') }} as event_id,
        {{ salesforce_id('opportunity_id') }} as opportunity_id,
        stage_name,
        probability_percent,
        entered_at
    from typed
    where not is_deleted
),

-- What a stage means, by the map; a closed stage that is not in it is known by an opportunity that is in it now.
recorded as (
    select
        with_ids.event_id,
        with_ids.opportunity_id,
        case
            when stage_map.is_won then 'won'
            when stage_map.is_closed then 'lost'
            when with_ids.stage_name = opportunities.stage_name then opportunities.stage
            else with_ids.stage_name
        end as stage,
        coalesce(stage_map.stage_order, cast(with_ids.probability_percent as bigint)) as stage_order,
        with_ids.entered_at
    from with_ids
    left join stage_map
        on lower(trim(with_ids.stage_name)) = stage_map.stage_name
    left join opportunities
        on with_ids.opportunity_id = opportunities.opportunity_id
),

-- History has a row for every change, also of the amount alone: only a change of stage is an entry.
compared as (
    select
        *,
        lag(stage) over (partition by opportunity_id order by entered_at, stage_order, event_id) as previous_stage
    from recorded
),

entries as (
    select
        event_id,
        opportunity_id,
        stage,
        stage_order,
        entered_at
    from compared
    where previous_stage is null or previous_stage <> stage
),

-- An opportunity without history is in its stage since it was created, or since its close date if that stage is a closed one.
without_history as (
    select
        opportunities.opportunity_id || '-current' as event_id,
        opportunities.opportunity_id,
        opportunities.stage,
        opportunities.stage_order,
        case
            when
                opportunities.is_closed and opportunities.close_date <> {{ local_date('opportunities.created_at') }}
                then {{ local_midnight('opportunities.close_date') }}
            else opportunities.created_at
        end as entered_at
    from opportunities
    left join with_ids
        on opportunities.opportunity_id = with_ids.opportunity_id
    where with_ids.opportunity_id is null
),

final as (
    select * from entries
    union all
    select * from without_history
)

select * from final
