-- NPS per quarter, a row per quarter and a column per segment. Read it with the sample sizes below 30 in mind.
select
    period_start,
    max(case when dim_value = 'SMB' then value end) as smb,
    max(case when dim_value = 'Mid-Market' then value end) as mid_market,
    max(case when dim_value = 'Enterprise' then value end) as enterprise,
    sum(sample_size) as answers
from kpis.kpi('net_promoter_score', grain := 'quarter', slice := 'segment')
group by period_start
order by period_start desc
