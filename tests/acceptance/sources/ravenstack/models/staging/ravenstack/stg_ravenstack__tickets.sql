-- grain: one row per ticket
with

tickets as (
    select * from {{ ref('stg_ravenstack__support_tickets') }}
),

final as (
    select
        ticket_id,
        account_id as requester_contact_id,
        account_id,
        submitted_at as created_at,
        'customer' as submitter_type,
        priority
    from tickets
)

select * from final
