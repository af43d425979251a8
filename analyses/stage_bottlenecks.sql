-- How long opportunities stay in each stage: median and 90th percentile in days, and how many move forward.
select
    stage,
    min(stage_order) as stage_order,
    count(*) as visits,
    round(quantile_cont(cast(duration_seconds as double), 0.5) / 86400, 1) as median_days,
    round(quantile_cont(cast(duration_seconds as double), 0.9) / 86400, 1) as p90_days,
    round(avg(case when exit_direction = 'forward' then 1.0 else 0.0 end), 3) as share_forward
from marts.fct_stage_visits
where ended_at is not null
group by stage
order by stage_order, stage
