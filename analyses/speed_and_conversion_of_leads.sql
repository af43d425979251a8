-- Do leads that are called sooner convert better? Leads by time to the first outreach, with the share won in the window.
with

banded as (
    select
        case
            when first_touch_seconds is null then '5 never reached'
            when first_touch_seconds < 3600 then '1 within an hour'
            when first_touch_seconds < 86400 then '2 within a day'
            when first_touch_seconds < 604800 then '3 within a week'
            else '4 later'
        end as reached,
        is_won_in_window
    from marts.fct_leads
    where first_touch_seconds is null or first_touch_seconds >= 0
)

select
    reached,
    count(*) as leads,
    sum(case when is_won_in_window then 1 else 0 end) as won,
    round(avg(case when is_won_in_window then 1.0 else 0.0 end), 4) as share_won
from banded
group by reached
order by reached
