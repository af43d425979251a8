-- grain: one row per lead key, merged shells included
with

leads as (
    {{ union_sources('lead') }}
),

final as (
    {{ survivors('leads', 'lead_id') }}
)

select * from final
