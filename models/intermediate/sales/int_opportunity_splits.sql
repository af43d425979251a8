-- grain: one row per surviving opportunity and credited staff member
with

splits as (
    {{ union_sources('opportunity_split') }}
),

kept as (
    {{ of_surviving_opportunities('splits') }}
),

-- A shell's split speaks for the survivor only where it has none of its own.
ranked as (
    select
        *,
        rank() over (partition by opportunity_id order by case when is_from_shell then 1 else 0 end) as precedence
    from kept
),

final as (
    select
        opportunity_id,
        user_id,
        sum(share) as share
    from ranked
    where precedence = 1
    group by 1, 2
)

select * from final
