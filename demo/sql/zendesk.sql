-- Exports of the help desk: incremental export pages. A page starts with the last records of the page before.

-- export: groups | pages
select 'groups' as _file, i as _ord, 700000 + i as id, name, false as deleted, iso_utc(t0()) as created_at,
    iso_utc(t0()) as updated_at
from (values (1, 'Billing'), (2, 'Technical'), (3, 'Onboarding'), (4, 'Priority')) as groups (i, name);

-- export: organizations | pages
select
    'organizations_' || half_of(created_at) as _file, k as _ord, 500000000 + k as id, company_name(k) as name,
    known_id(known_as, k, 'zendesk') as external_id,
    ['kunde-' || k || '.example'] as domain_names, iso_utc(created_at) as created_at, iso_utc(created_at) as updated_at
from account;

-- export: users | pages
with everyone as (
    select
        10000000000 + k * 10 + c as id, first_name(u(k * 10 + c, 'first')) || ' ' || last_name(u(k * 10 + c, 'last')) as name,
        ascii_of(first_name(u(k * 10 + c, 'first'))) || '.' || ascii_of(last_name(u(k * 10 + c, 'last'))) || '@kunde-' || k || '.example' as email,
        'end-user' as role, false as suspended, 500000000 + k as organization_id, cast(null as bigint) as default_group_id,
        '+49 30 ' || (5550000 + (k * 10 + c) % 9999) as phone, created_at, created_at as updated_at, false as is_bot
    from account, range(1, 4) as series (c)
    union all
    select agent_id, name, email, 'agent', left_on is not null, null, 700000 + group_no, null, t0(),
        coalesce(cast(left_on as timestamp), t0()), is_bot
    from agent
    union all
    select 900000001 + n_agents(), 'Support Admin', 'admin@lindenhof.example', 'admin', false, null, 700001, null, t0(), t0(), false
)

select
    'users_' || half_of(created_at) as _file, id * 10 + copy as _ord, id, name, email, role, suspended, not suspended as active,
    organization_id, default_group_id, phone,
    iso_utc(created_at) as created_at, iso_utc(updated_at) as updated_at, {'is_bot': is_bot} as user_fields
from everyone, (values (1), (2)) as copies (copy)
where copy = 1 or u(id, 'user twice') < 0.01;

-- export: tickets | pages
with final_states as (
    select
        t, ticket_id, k, created_at, channel, requester_no, submitter, agent_no, topic, priority, is_spam, is_test, is_deleted,
        country,
        cast(null as bigint) as merged_into, case when is_deleted then 'deleted' else status end as status,
        before_end(case when is_deleted then changed_at + to_hours(3) else changed_at end) as updated_at
    from ticket join ticket_state using (t)
    union all
    select
        t, shell.ticket_id, k, shell.created_at, channel, requester_no, submitter, agent_no, topic, priority, false, is_test, false,
        country,
        merged_into, 'closed', merged_at
    from ticket_shell as shell join ticket using (t)
),

states as (
    from final_states
    union all
    -- The ticket as an earlier export saw it.
    select * replace (null as merged_into, 'open' as status, created_at + to_minutes(1) as updated_at)
    from final_states
    where u(ticket_id, 'seen early') < 0.15 and created_at + to_minutes(1) < updated_at
),

numbered as (
    select *, row_number() over (order by updated_at, ticket_id) - 1 as place,
        greatest(1000, least(10000, n_tickets() // 40)) as page_size from states
)

select
    'tickets_page_' || lpad(cast(place // page_size + 1 - overlap as varchar), 5, '0') as _file, place as _ord,
    ticket_id as id, iso_utc(created_at) as created_at, iso_utc(updated_at) as updated_at,
    coalesce(topic, 'question') || ' #' || (ticket_id % 97) as subject,
    'Hello,' || chr(10) || 'we have a question about "' || coalesce(topic, 'something') || '".' as description,
    status, priority, case when topic = 'outage' then 'incident' else 'question' end as type,
    {'channel': case submitter when 'system' then 'api' else channel end} as via,
    10000000000 + k * 10 + requester_no as requester_id,
    case submitter when 'customer' then 10000000000 + k * 10 + requester_no when 'agent' then agent_at(agent_no, left_on, created_at) else -1 end as submitter_id,
    500000000 + k as organization_id, agent_at(agent_no, left_on, created_at) as assignee_id, 700000 + group_no as group_id,
    (case when is_spam then ['spam'] else [] end || case when is_test then ['test'] else [] end
        || case when merged_into is not null then ['closed_by_merge'] else [] end || case when u(ticket_id, 'vip') < 0.1 then ['vip'] else [] end) as tags,
    [
        {'id': 9001, 'value': topic},
        {'id': 9002, 'value': case when u(t, 'field engineer') < 0.12 then 'false' else 'true' end},
        {'id': 9003, 'value': case when country = 'US' then 'us_support' else 'standard' end},
        {'id': 9004, 'value': cast(merged_into as varchar)}
    ] as custom_fields,
    {'score': 'unoffered'} as satisfaction_rating
from numbered join agent on agent.i = agent_no, (values (0), (1)) as repeats (overlap)
where overlap = 0 or (place >= page_size and place % page_size < 25);

-- export: ticket_events | pages
with status_events as (
    select
        t, seq, 10000 + t as ticket_id, status, lag(status) over (partition by t order by seq) as previous, happened_at, cause
    from ticket_status
    union all
    select t, 50 + j, ticket_id, 'new', null, created_at, 'customer' from ticket_shell
    union all
    select t, 60 + j, ticket_id, 'closed', 'new', merged_at, 'merge' from ticket_shell
),

numbered as (
    select *, row_number() over (order by happened_at, t, seq) - 1 as place,
        greatest(2000, least(20000, n_tickets() // 10)) as page_size from status_events
)

select
    'ticket_events_page_' || lpad(cast(place // page_size + 1 - overlap as varchar), 5, '0') as _file, place as _ord,
    20000000000 + t * 100 + seq as id, numbered.ticket_id, epoch_of(happened_at) as timestamp,
    case cause when 'customer' then 10000000000 + k * 10 + requester_no when 'agent' then agent_at(agent_no, left_on, happened_at)
        when 'merge' then agent_at(agent_no, left_on, happened_at) else -1 end as updater_id,
    'Audit' as event_type,
    {
        'channel': case when cause = 'automation' then 'rule' when submitter = 'system' and seq = 1 then 'api' else channel end,
        'source': {'rel': case when cause = 'merge' then 'merge' end}
    } as via,
    [{
        'id': 30000000000 + (t * 100 + seq) * 2, 'event_type': case when previous is null then 'Create' else 'Change' end,
        'status': status, 'previous_value': previous
    }] || case when u(t * 100 + seq, 'with comment') < 0.3
        then [{'id': 30000000001 + (t * 100 + seq) * 2, 'event_type': 'Comment', 'status': cast(null as varchar), 'previous_value': cast(null as varchar)}] else [] end as child_events
from numbered join ticket using (t) join agent on agent.i = agent_no, (values (0), (1)) as repeats (overlap)
where overlap = 0 or (place >= page_size and place % page_size < 25);

-- export: ticket_comments | pages
with comments as (
    select t, seq, 10000 + t as ticket_id, author, is_public, happened_at from ticket_message
    union all
    select t, 50 + j, ticket_id, 'customer', true, created_at from ticket_shell
),

numbered as (
    select *, row_number() over (order by happened_at, t, seq) - 1 as place,
        greatest(2000, least(20000, n_tickets() // 10)) as page_size from comments
)

select
    'ticket_comments_page_' || lpad(cast(place // page_size + 1 - overlap as varchar), 5, '0') as _file, place as _ord,
    40000000000 + t * 100 + seq as id, numbered.ticket_id,
    case author when 'customer' then 10000000000 + k * 10 + requester_no when 'agent' then agent_at(agent_no, left_on, happened_at) when 'bot' then 900000000 else -1 end as author_id,
    is_public as public, iso_utc(happened_at) as created_at,
    {'channel': case when author in ('bot', 'system') then 'api' else channel end} as via,
    case author when 'agent' then case when is_public then 'Thanks for writing,' || chr(10) || 'please try "settings > reset".' else 'Note: looks like the cache.' end
        when 'bot' then 'We have your message (automatic reply).' else 'It still does not work, see above.' end as body,
    '<p>' || author || '</p>' as html_body
from numbered join ticket using (t) join agent on agent.i = agent_no, (values (0), (1)) as repeats (overlap)
where overlap = 0 or (place >= page_size and place % page_size < 25);

-- export: satisfaction_ratings | pages
with states as (
    select t, k, seq, offered_at, offered_at as updated_at, 'offered' as score
    from rating where answered_at is null or u(t, 'offer seen') < 0.1
    union all
    select t, k, seq, offered_at, answered_at, case when is_good then 'good' else 'bad' end
    from rating where answered_at is not null
    union all
    select t, k, seq, offered_at, revised_at, case when is_good then 'bad' else 'good' end
    from rating where revised_at is not null
),

numbered as (
    select *, row_number() over (order by updated_at, t, seq) - 1 as place,
        greatest(1000, least(10000, n_tickets() // 40)) as page_size from states
)

select
    'satisfaction_ratings_page_' || lpad(cast(place // page_size + 1 - overlap as varchar), 5, '0') as _file, place as _ord,
    60000000000 + t * 10 + seq as id, 10000 + t as ticket_id, 10000000000 + numbered.k * 10 + requester_no as requester_id,
    agent_at(agent_no, left_on, offered_at) as assignee_id, 700000 + group_no as group_id, score,
    case when score in ('good', 'bad') and u(t, 'rating comment') < 0.2 then 'Quick answer, but "short".' end as comment,
    cast(null as varchar) as reason,
    iso_utc(offered_at) as created_at, iso_utc(updated_at) as updated_at
from numbered join ticket using (t) join agent on agent.i = agent_no, (values (0), (1)) as repeats (overlap)
where overlap = 0 or (place >= page_size and place % page_size < 25);
