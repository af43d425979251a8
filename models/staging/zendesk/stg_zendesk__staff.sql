-- grain: one row per user who is or was an agent or admin
with

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

user_roles as (
    select * from {{ ref('stg_zendesk__user_roles') }}
),

groups as (
    select * from {{ ref('stg_zendesk__groups') }}
),

agents as (
    select distinct user_id
    from user_roles
    where author_type in ('agent', 'bot')
),

final as (
    select
        users.user_id,
        users.name,
        users.email,
        case when users.role = 'admin' then 'admin' else 'agent' end as role,
        groups.name as team,
        users.is_bot,
        users.is_active and users.role in ('agent', 'admin') as is_active
    from users
    inner join agents
        on users.user_id = agents.user_id
    left join groups
        on users.default_group_id = groups.group_id
)

select * from final
