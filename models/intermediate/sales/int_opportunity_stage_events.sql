-- grain: one row per entry of an opportunity into a stage; repeated events of one stay are one entry
with

events as (
    {{ union_sources('opportunity_stage_event') }}
),

stages as (
    select * from {{ ref('opportunity_stages') }}
),

kept as (
    {{ of_surviving_opportunities('events') }}
),

moved as (
    select
        kept.opportunity_id,
        kept.stage,
        kept.stage_order,
        kept.entered_at,
        coalesce(kept.event_id, '') as event_id,
        coalesce(stages.stage_category, 'open') as stage_category
    from kept
    left join stages
        on lower(trim(kept.stage)) = stages.stage
    where kept.entered_at < {{ as_of() }}
),

compared as (
    select
        *,
        lag(stage) over (partition by opportunity_id order by entered_at, coalesce(stage_order, 0), event_id, stage) as previous_stage
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
        row_number() over stays as entry_number,
        count(*) over (partition by opportunity_id) as entry_count,
        lead(entered_at) over stays as left_at,
        lead(stage_order) over stays as next_stage_order,
        lead(stage_category) over stays as next_stage_category
    from entries
    window stays as (partition by opportunity_id order by entered_at, coalesce(stage_order, 0), event_id, stage)
)

select * from final
