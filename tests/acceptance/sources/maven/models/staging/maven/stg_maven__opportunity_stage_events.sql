-- grain: one row per entry of an opportunity into a stage: engaged when selling began, then won or lost
with

opportunities as (
    select * from {{ ref('stg_maven__opportunities') }}
),

engaged as (
    select
        opportunity_id,
        'engaging' as stage,
        1 as stage_order,
        created_at as entered_at
    from opportunities
    where created_at is not null
),

closed as (
    select
        opportunity_id,
        stage,
        2 as stage_order,
        closed_at as entered_at
    from opportunities
    where is_closed
),

final as (
    select * from engaged
    union all
    select * from closed
)

select * from final
