-- grain: one row per ticket, deleted and merged ones included
with

tickets as (
    select * from {{ ref('stg_zendesk__ticket_records') }}
),

ticket_fields as (
    select * from {{ ref('stg_zendesk__ticket_fields') }}
),

users as (
    select * from {{ ref('stg_zendesk__users') }}
),

user_roles as (
    select * from {{ ref('stg_zendesk__user_roles') }}
),

organizations as (
    select * from {{ ref('stg_zendesk__organizations') }}
),

groups as (
    select * from {{ ref('stg_zendesk__groups') }}
),

tags as (
    {{ json_elements('tickets', 'tags') }}
),

tagged as (
    select
        ticket_id,
        max(case when {{ json_text('element', '$') }} = 'spam' then 1 else 0 end) = 1 as is_spam,
        max(case when {{ json_text('element', '$') }} = 'test' then 1 else 0 end) = 1 as is_test
    from tags
    group by 1
),

-- Joins within the help desk: its ids stand for the account, the group and the role that the contract wants by name.
renamed as (
    select
        tickets.ticket_id,
        tickets.requester_id as requester_contact_id,
        coalesce(ticket_organizations.account_id, requester_organizations.account_id) as account_id,
        tickets.created_at,
        case
            when tickets.submitter_id = '-1' then 'system'
            when user_roles.author_type = 'agent' then 'agent'
            when user_roles.author_type = 'bot' then 'system'
            else 'customer'
        end as submitter_type,
        tickets.channel,
        tickets.priority,
        groups.name as {{ adapter.quote('group') }},
        tickets.assignee_id,
        ticket_fields.topic,
        {{ parse('ticket_fields.first_level_resolvable', 'boolean') }} as first_level_resolvable,
        ticket_fields.schedule_id,
        coalesce(tagged.is_spam, false) as is_spam,
        coalesce(tagged.is_test, false) as is_test,
        coalesce(tickets.status = 'deleted', false) as is_deleted,
        ticket_fields.merged_into_id
    from tickets
    left join ticket_fields
        on tickets.ticket_id = ticket_fields.ticket_id
    left join tagged
        on tickets.ticket_id = tagged.ticket_id
    left join groups
        on tickets.group_id = groups.group_id
    left join user_roles
        on
            tickets.submitter_id = user_roles.user_id
            and {{ valid_at('tickets.created_at', 'user_roles.valid_from', 'user_roles.valid_to') }}
    left join users as requesters
        on tickets.requester_id = requesters.user_id
    left join organizations as ticket_organizations
        on tickets.organization_id = ticket_organizations.organization_id
    left join organizations as requester_organizations
        on requesters.organization_id = requester_organizations.organization_id
)

select * from renamed
