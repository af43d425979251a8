-- grain: one row per session and form that was started in it (contract 4.C6)
with

events as (
    select * from {{ ref('int_web_events') }}
    where session_id is not null and form_id is not null
),

first_starts as (
    select *
    from (
        select *, row_number() over (partition by session_id, form_id order by occurred_at, event_id) as start_number
        from events
        where name = 'form_start'
    ) as ranked
    where start_number = 1
),

submissions as (
    select session_id, form_id, max(occurred_at) as last_submitted_at
    from events
    where name = 'form_submit'
    group by 1, 2
),

final as (
    select
        first_starts.session_id,
        first_starts.form_id as form,
        first_starts.occurred_at as started_at,
        {{ local_date('first_starts.occurred_at') }} as started_date,
        coalesce(submissions.last_submitted_at >= first_starts.occurred_at, false) as is_submitted,
        '{{ var("abandonment_basis") }}' = 'form' as is_abandonment_basis,
        first_starts.device,
        first_starts.channel,
        first_starts.campaign,
        first_starts.country
    from first_starts
    left join submissions
        on first_starts.session_id = submissions.session_id and first_starts.form_id = submissions.form_id
)

select * from final
