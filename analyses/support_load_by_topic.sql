-- What customers write about: tickets of the last 90 days by topic, with median hours to the first answer and to the solution.
select
    coalesce(topic, 'unknown') as topic,
    count(*) as tickets,
    round(quantile_cont(cast(first_response_seconds as double), 0.5) / 3600, 1) as median_hours_to_answer,
    round(quantile_cont(cast(resolution_seconds as double), 0.5) / 3600, 1) as median_hours_to_solution,
    sum(case when reopening_count > 0 then 1 else 0 end) as reopened
from marts.fct_tickets
where
    is_customer_initiated
    and created_date >= (select cast(as_of as date) - 90 from meta.release)
group by coalesce(topic, 'unknown')
order by tickets desc, topic asc
