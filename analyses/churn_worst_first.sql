-- Which segment lost most of its customers in the newest month, and how that compares with the month before.
select
    dim_value as segment,
    value as churn_rate,
    previous_value,
    change,
    numerator as customers_lost,
    denominator as customers_at_opening,
    status
from kpis.kpi_latest('customer_churn_rate', slice := 'segment')
order by value desc nulls last
