-- grain: one row per survey response of a customer; only integer scores within the survey's scale are valid (contract 4.F)
with

-- A response without a scale has the usual one of its question: 0-10 for NPS, 1-7 for effort, 1-5 for satisfaction.
responses as (
    select
        {{ star_except('unioned', 'scale_min, scale_max') }},
        coalesce(scale_min, case lower(kind) when 'nps' then 0 when 'ces' then 1 when 'csat' then 1 end) as scale_min,
        coalesce(scale_max, case lower(kind) when 'nps' then 10 when 'ces' then 7 when 'csat' then 5 end) as scale_max
    from ({{ union_sources('survey_response') }}) as unioned
    where
        not coalesce(is_test, false)
        and not coalesce(is_deleted, false)
        and responded_at < {{ as_of() }}
),

kept as (
    {{ of_surviving_accounts('responses') }}
),

-- A response about a ticket that counts nowhere (test, spam, deleted) counts nowhere either.
ticket_keys as (
    select
        keys.ticket_id,
        keys.surviving_ticket_id,
        tickets.ticket_id is null as is_excluded
    from {{ ref('int_ticket_keys') }} as keys
    left join {{ ref('int_tickets') }} as tickets
        on keys.surviving_ticket_id = tickets.ticket_id
),

staff as (
    select user_id from {{ ref('int_staff') }}
),

final as (
    select
        kept.response_id,
        kept.survey_id,
        lower(kept.kind) as kind,
        kept.scale_min,
        kept.scale_max,
        kept.score,
        -- an address used as a key never leaves this layer
        case when kept.respondent_id like '%@%' then md5(lower(trim(kept.respondent_id))) else kept.respondent_id end as respondent_id,
        kept.account_id,
        coalesce(ticket_keys.surviving_ticket_id, kept.ticket_id) as ticket_id,
        kept.responded_at,
        kept.had_to_repeat,
        kept.invitation_id,
        kept.score is not null as has_score,
        kept.score = floor(kept.score) and kept.score between kept.scale_min and kept.scale_max as is_valid_score
    from kept
    left join ticket_keys
        on kept.ticket_id = ticket_keys.ticket_id
    -- employees are no customers
    left join staff
        on kept.respondent_id = staff.user_id
    where staff.user_id is null and not coalesce(ticket_keys.is_excluded, false)
)

select * from final
