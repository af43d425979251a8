-- grain: one row per survey response of a customer; only integer scores within the survey's scale are valid (contract 4.F)
with

responses as (
    select *
    from ({{ union_sources('survey_response') }}) as unioned
    where
        not coalesce(is_test, false)
        and not coalesce(is_deleted, false)
        and responded_at < {{ as_of() }}
),

kept as (
    {{ of_surviving_accounts('responses') }}
),

ticket_keys as (
    select * from {{ ref('int_ticket_keys') }}
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
    where staff.user_id is null
)

select * from final
