-- grain: one row per opportunity key, merged shells included
with

opportunities as (
    {{ union_sources('opportunity') }}
),

final as (
    {{ survivors('opportunities', 'opportunity_id') }}
)

select * from final
