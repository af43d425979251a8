-- grain: one row per entity and unbroken stretch of time that deliveries say they cover (entity feed_load of the contract source)
with

declared as (
    select
        entity,
        coalesce(covers_from, timestamp '0001-01-01') as covers_from,
        coalesce(covers_to, timestamp '9999-12-31') as covers_to
    from ({{ union_sources('feed_load') }}) as unioned
),

ordered as (
    select
        *,
        max(covers_to) over (
            partition by entity order by covers_from, covers_to
            rows between unbounded preceding and 1 preceding
        ) as covered_so_far
    from declared
),

stretches as (
    select
        *,
        sum(case when covered_so_far is null or covers_from > covered_so_far then 1 else 0 end) over (
            partition by entity order by covers_from, covers_to
            rows between unbounded preceding and current row
        ) as stretch
    from ordered
),

final as (
    select
        entity,
        stretch,
        min(covers_from) as covers_from,
        max(covers_to) as covers_to
    from stretches
    group by 1, 2
)

select * from final
