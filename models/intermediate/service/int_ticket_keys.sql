-- grain: one row per ticket key, merged shells included
with

tickets as (
    {{ union_sources('ticket') }}
),

final as (
    {{ survivors('tickets', 'ticket_id') }}
)

select * from final
