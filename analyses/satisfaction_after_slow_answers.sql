-- Does a slow first answer cost satisfaction? Answered support surveys by the time their ticket waited.
with

surveyed as (
    select
        tickets.first_response_seconds / 3600 as hours_to_answer,
        (responses.score - responses.scale_min) / nullif(responses.scale_max - responses.scale_min, 0) as score
    from marts.fct_survey_responses as responses
    inner join marts.fct_tickets as tickets
        on responses.ticket_id = tickets.ticket_id
    where responses.is_valid_score and tickets.first_response_seconds is not null
)

select
    case
        when hours_to_answer < 1 then '1 under an hour'
        when hours_to_answer < 8 then '2 under 8 hours'
        when hours_to_answer < 24 then '3 under a day'
        else '4 a day or more'
    end as waited,
    count(*) as answers,
    round(avg(score), 3) as mean_score_0_to_1
from surveyed
group by waited
order by waited
