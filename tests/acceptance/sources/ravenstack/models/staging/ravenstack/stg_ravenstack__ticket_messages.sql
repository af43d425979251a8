-- grain: one row per first response
with

tickets as (
    select * from {{ ref('stg_ravenstack__support_tickets') }}
),

-- The export has no messages, only the minutes that the first response took: that response is made a message again, at
-- the instant of submission plus those minutes, so that the warehouse computes the time itself.
final as (
    select
        ticket_id || '-first-response' as message_id,
        ticket_id,
        'agent' as author_type,
        true as is_public,
        submitted_at + first_response_seconds * interval '1' second as sent_at
    from tickets
    where first_response_seconds is not null
)

select * from final
