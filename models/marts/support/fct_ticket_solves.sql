-- grain: one row per solve of a ticket; a reopened ticket has several
with

solves as (
    select * from {{ ref('int_ticket_status_events') }}
    where is_solve
),

tickets as (
    select ticket_id, channel from {{ ref('fct_tickets') }}
),

assignments as (
    select * from {{ ref('int_staff_assignments') }}
),

final as (
    select
        solves.ticket_id,
        solves.event_number,
        solves.changed_at as solved_at,
        {{ local_date('solves.changed_at') }} as solved_date,
        solves.changed_by as agent_id,
        solves.is_by_bot or solves.changed_by is null as is_by_bot,
        tickets.channel,
        assignments.team
    from solves
    inner join tickets
        on solves.ticket_id = tickets.ticket_id
    left join assignments
        on
            solves.changed_by = assignments.user_id
            and {{ local_date('solves.changed_at') }} between assignments.valid_from and assignments.valid_to
)

select * from final
