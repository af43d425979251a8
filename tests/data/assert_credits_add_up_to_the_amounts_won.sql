-- B04: credited and uncredited shares of a won opportunity add up to its amount, within the rounding of the shares.
select
    opportunities.opportunity_id,
    opportunities.amount,
    credits.credited_amount
from {{ ref('fct_opportunities') }} as opportunities
left join (
    select opportunity_id, sum(amount) as credited_amount, count(*) as credit_count
    from {{ ref('fct_sales_credits') }}
    group by 1
) as credits
    on opportunities.opportunity_id = credits.opportunity_id
where
    opportunities.outcome = 'won'
    and (
        credits.credit_count is null
        or abs(coalesce(credits.credited_amount, 0) - coalesce(opportunities.amount, 0)) > 0.0001 * credits.credit_count
    )
