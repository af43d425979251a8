-- grain: one row per surviving opportunity that is not deleted, with its outcome as of the build
with

opportunities as (
    {{ union_sources('opportunity') }}
),

opportunity_keys as (
    select * from {{ ref('int_opportunity_keys') }}
),

lead_keys as (
    select * from {{ ref('int_lead_keys') }}
),

stage_entries as (
    select * from {{ ref('int_opportunity_stage_events') }}
),

eligible as (
    select opportunities.*
    from opportunities
    inner join opportunity_keys
        on opportunities.opportunity_id = opportunity_keys.opportunity_id
    where
        opportunity_keys.opportunity_id = opportunity_keys.surviving_opportunity_id
        and not opportunity_keys.is_excluded
),

kept as (
    {{ of_surviving_accounts('eligible') }}
),

-- A source that keeps a stage history is taken at its word; of one that keeps none, the record's own flags and close date are
-- all there is.
sources_with_history as (
    select distinct _source
    from ({{ union_sources('opportunity_stage_event') }}) as unioned
),

-- The last entry of the stage history decides; an editable close date does not.
outcomes as (
    select
        opportunity_id,
        stage_category,
        entered_at as decided_at
    from stage_entries
    where entry_number = entry_count
),

decided_by_record as (
    select
        kept.opportunity_id,
        case when coalesce(kept.is_won, false) then 'won' else 'lost' end as outcome,
        {{ local_midnight('kept.close_date') }} as decided_at
    from kept
    left join sources_with_history
        on kept._source = sources_with_history._source
    where
        sources_with_history._source is null
        and (coalesce(kept.is_won, false) or coalesce(kept.is_closed, false))
        and {{ local_midnight('kept.close_date') }} < {{ as_of() }}
),

final as (
    select
        kept.opportunity_id,
        kept.account_id,
        kept.owner_id,
        lower(kept.type) as opportunity_type,
        kept.amount,
        kept.currency,
        kept.created_at,
        kept.close_date,
        kept.stage,
        lower(kept.loss_reason) as loss_reason,
        kept.next_step,
        kept.last_activity_at,
        coalesce(lead_keys.surviving_lead_id, kept.lead_id) as lead_id,
        coalesce(outcomes.stage_category, decided_by_record.outcome, 'open') as outcome,
        case when outcomes.stage_category in ('won', 'lost') then outcomes.decided_at else decided_by_record.decided_at end as decided_at,
        decided_by_record.opportunity_id is not null as is_decided_by_record
    from kept
    left join outcomes
        on kept.opportunity_id = outcomes.opportunity_id
    left join decided_by_record
        on kept.opportunity_id = decided_by_record.opportunity_id
    left join lead_keys
        on kept.lead_id = lead_keys.lead_id
)

select * from final
