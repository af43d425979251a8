-- Which share of each cohort still pays after 0, 3, 6, 12, 18 and 24 months.
select
    cohort_month,
    max(denominator) as customers,
    max(case when k = 0 then value end) as month_0,
    max(case when k = 3 then value end) as month_3,
    max(case when k = 6 then value end) as month_6,
    max(case when k = 12 then value end) as month_12,
    max(case when k = 18 then value end) as month_18,
    max(case when k = 24 then value end) as month_24
from kpis.kpi_cohort_retention
group by cohort_month
order by cohort_month
