-- grain: one row per entry of an opportunity into a stage; repeated events of one stay are one entry
with

events as (
    {{ union_sources('opportunity_stage_event') }}
),

opportunity_keys as (
    select * from {{ ref('int_opportunity_keys') }}
),

stages as (
    select * from {{ ref('opportunity_stages') }}
),

moved as (
    select
        coalesce(opportunity_keys.surviving_opportunity_id, events.opportunity_id) as opportunity_id,
        events.stage,
        events.stage_order,
        events.entered_at,
        coalesce(events.event_id, '') as event_id,
        coalesce(stages.stage_category, 'open') as stage_category
    from events
    left join opportunity_keys
        on events.opportunity_id = opportunity_keys.opportunity_id
    left join stages
        on lower(trim(events.stage)) = stages.stage
    where events.entered_at < {{ as_of() }}
),

compared as (
    select
        *,
        lag(stage) over (partition by opportunity_id order by entered_at, stage_order, event_id, stage) as previous_stage
    from moved
),

entries as (
    select *
    from compared
    where previous_stage is null or previous_stage <> stage
),

final as (
    select
        opportunity_id,
        stage,
        stage_order,
        stage_category,
        entered_at,
        row_number() over (partition by opportunity_id order by entered_at, stage_order, event_id, stage) as entry_number,
        count(*) over (partition by opportunity_id) as entry_count,
        lead(entered_at) over (partition by opportunity_id order by entered_at, stage_order, event_id, stage) as left_at
    from entries
)

select * from final
