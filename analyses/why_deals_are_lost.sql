-- Reasons of lost opportunities with their amounts, by quarter of the decision.
select
    date_trunc('quarter', decided_date) as quarter_start,
    coalesce(loss_reason, 'unknown') as loss_reason,
    count(*) as opportunities,
    cast(sum(amount) as decimal(18, 2)) as amount
from marts.fct_opportunities
where outcome = 'lost'
group by quarter_start, coalesce(loss_reason, 'unknown')
order by quarter_start desc, amount desc nulls last, loss_reason asc
