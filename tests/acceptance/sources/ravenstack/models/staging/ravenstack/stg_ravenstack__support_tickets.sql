-- grain: one row per ticket as exported
with

source as (
    {{ newest_rows('ravenstack', 'support_tickets') }}
),

renamed as (
    select
        {{ typed('ravenstack', 'support_tickets', 'ticket_id') }} as ticket_id,
        {{ typed('ravenstack', 'support_tickets', 'account_id') }} as account_id,
        {{ typed('ravenstack', 'support_tickets', 'submitted_at') }} as submitted_at,
        {{ typed('ravenstack', 'support_tickets', 'closed_at') }} as closed_at,
        {{ typed('ravenstack', 'support_tickets', 'priority') }} as priority,
        cast({{ typed('ravenstack', 'support_tickets', 'first_response_time_minutes') }} * 60 as bigint) as first_response_seconds,
        {{ typed('ravenstack', 'support_tickets', 'satisfaction_score') }} as satisfaction_score
    from source
)

select * from renamed
