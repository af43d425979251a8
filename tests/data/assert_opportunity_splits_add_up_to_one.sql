-- Contract 4.D4: the shares of an opportunity add up to 1; otherwise a won amount is credited more or less than once.
select opportunity_id, sum(share) as total_share
from {{ ref('int_opportunity_splits') }}
group by 1
having abs(sum(share) - 1) > 0.000001
