-- grain: one row per user and stretch of time in a role; the earliest known role also counts before it was first seen
with

-- Every version that was ever delivered: who is a customer today may have answered as an agent last year.
source as (
    select * from {{ source('zendesk', 'users') }}
),

versions as (
    select distinct
        {{ typed('zendesk', 'users', 'id') }} as user_id,
        {{ typed('zendesk', 'users', 'role') }} as role,
        coalesce({{ json_value(typed('zendesk', 'users', 'user_fields'), '$.is_bot', 'boolean') }}, false) as is_bot,
        coalesce({{ typed('zendesk', 'users', 'updated_at') }}, {{ typed('zendesk', 'users', 'created_at') }}) as updated_at
    from source
),

-- Of several states of one instant, the one that makes the fewest replies count.
ordered as (
    select
        user_id,
        updated_at,
        case when role in ('agent', 'admin') then (case when is_bot then 'bot' else 'agent' end) else 'customer' end as author_type,
        row_number() over (partition by user_id, updated_at order by is_bot desc, role desc) as nth
    from versions
),

changes as (
    select
        user_id,
        author_type,
        updated_at,
        lag(author_type) over (partition by user_id order by updated_at nulls first) as previous_type
    from ordered
    where nth = 1
),

starts as (
    select
        user_id,
        author_type,
        case when previous_type is null then cast('1970-01-01' as timestamp) else updated_at end as valid_from
    from changes
    where previous_type is null or previous_type <> author_type
),

final as (
    select
        user_id,
        author_type,
        valid_from,
        lead(valid_from) over (partition by user_id order by valid_from) as valid_to
    from starts
)

select * from final
