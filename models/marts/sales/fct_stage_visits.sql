-- grain: one row per stay of an opportunity in a stage; won and lost are no stays (contract 4.D2)
with

opportunities as (
    select opportunity_id, account_id, owner_id, lead_id, opportunity_type from {{ ref('int_opportunities') }}
),

entries as (
    select * from {{ ref('int_opportunity_stage_events') }}
    where stage_category = 'open'
),

-- A move is judged by the order in force when the stay began and the one that the next stage came with.
visits as (
    select
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.owner_id,
        opportunities.lead_id,
        opportunities.opportunity_type,
        entries.entry_number,
        entries.stage,
        entries.stage_order,
        entries.entered_at as started_at,
        entries.left_at as ended_at,
        coalesce(entries.left_at, entries.entered_at) as dimensions_at,
        case
            when entries.left_at is null then 'open'
            when entries.next_stage_category = 'won' then 'forward'
            when entries.next_stage_category = 'lost' then 'lost'
            when entries.next_stage_order > entries.stage_order then 'forward'
            when entries.next_stage_order < entries.stage_order then 'back'
            else 'level'
        end as exit_direction,
        {{ seconds_between('entries.entered_at', 'entries.left_at') }} as duration_seconds
    from opportunities
    inner join entries
        on opportunities.opportunity_id = entries.opportunity_id
),

dimensioned as (
    {{ with_sales_dimensions('visits', 'dimensions_at') }}
),

final as (
    select
        opportunity_id,
        entry_number,
        account_id,
        opportunity_type,
        stage,
        stage_order,
        started_at,
        {{ local_date('started_at') }} as started_date,
        ended_at,
        {{ local_date('ended_at') }} as ended_date,
        exit_direction,
        duration_seconds,
        sum(duration_seconds) over (partition by opportunity_id, stage) as cumulative_seconds,
        row_number() over (partition by opportunity_id, stage order by entry_number desc) = 1 as is_latest_in_stage,
        owner,
        team,
        region,
        lead_source,
        segment
    from dimensioned
)

select * from final
