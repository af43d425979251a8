-- grain: one row per surviving opportunity that is not deleted, with its outcome as of the build
with

opportunities as (
    {{ union_sources('opportunity') }}
),

survivors as (
    select opportunity_id
    from {{ ref('int_opportunity_keys') }}
    where opportunity_id = surviving_opportunity_id
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
    inner join survivors
        on opportunities.opportunity_id = survivors.opportunity_id
    where
        not coalesce(opportunities.is_deleted, false)
        and opportunities.created_at < {{ as_of() }}
),

kept as (
    {{ of_surviving_accounts('eligible') }}
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

-- Without any stage history the record's own flags and close date are all there is.
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
        case
            when outcomes.opportunity_id is not null then outcomes.stage_category
            when coalesce(kept.is_won, false) and {{ local_midnight('kept.close_date') }} < {{ as_of() }} then 'won'
            when coalesce(kept.is_closed, false) and {{ local_midnight('kept.close_date') }} < {{ as_of() }} then 'lost'
            else 'open'
        end as outcome,
        case
            when outcomes.stage_category in ('won', 'lost') then outcomes.decided_at
            when outcomes.opportunity_id is null and (coalesce(kept.is_won, false) or coalesce(kept.is_closed, false))
                and {{ local_midnight('kept.close_date') }} < {{ as_of() }}
                then {{ local_midnight('kept.close_date') }}
        end as decided_at
    from kept
    left join outcomes
        on kept.opportunity_id = outcomes.opportunity_id
    left join lead_keys
        on kept.lead_id = lead_keys.lead_id
)

select * from final
