-- grain: one row per change of status: new when submitted, solved when closed
with

tickets as (
    select * from {{ ref('stg_ravenstack__support_tickets') }}
),

final as (
    select
        ticket_id,
        'new' as status,
        submitted_at as changed_at
    from tickets
    union all
    select
        ticket_id,
        'solved' as status,
        closed_at as changed_at
    from tickets
    where closed_at is not null
)

select * from final
