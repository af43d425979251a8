-- V08, G-24: over a population dimension, unknown included, numerators and denominators add up to the undivided row.
-- Outcome dimensions filter the numerator only; agents who share an interaction, survey respondents or distinct units who appear
-- in two members, and customers who hold two products are counted once per member.
with

kpi_values as (
    select kpi_values.*
    from {{ ref('kpi_values') }} as kpi_values
    inner join {{ ref('kpi_catalog') }} as catalog
        on kpi_values.kpi_id = catalog.kpi_id
    where
        catalog.class in ('flow', 'balance', 'ratio', 'cohort', 'duration')
        and kpi_values.numerator is not null
        and not (kpi_values.kpi_id = 'average_handle_time' and kpi_values.dim_name in ('agent', 'team'))
        and not (kpi_values.kpi_id = 'agent_productivity' and kpi_values.dim_name = 'channel')
        and not (kpi_values.kpi_id in ('upsell_rate', 'cross_sell_rate', 'upsell_mrr') and kpi_values.dim_name = 'product')
        -- the referrer is an outcome of a new customer; acquisition cost is published for channels that cost is attributed to
        and not (kpi_values.kpi_id = 'referral_rate' and kpi_values.dim_name in ('referrer_type', 'referrer'))
        and kpi_values.kpi_id not in ('customer_acquisition_cost', 'cac_marketing_only', 'cac_lagged')
        and kpi_values.dim_name not in ('churn_subtype', 'goal', 'cohort')
),

sliced as (
    select kpi_id, grain, period_start, dim_name, sum(numerator) as numerator, sum(denominator) as denominator
    from kpi_values
    where dim_name <> 'all'
    group by 1, 2, 3, 4
),

undivided as (
    select kpi_id, grain, period_start, numerator, denominator
    from kpi_values
    where dim_name = 'all'
)

select sliced.*, undivided.numerator as undivided_numerator, undivided.denominator as undivided_denominator
from sliced
inner join undivided
    on
        sliced.kpi_id = undivided.kpi_id
        and sliced.grain = undivided.grain
        and sliced.period_start = undivided.period_start
where
    abs(sliced.numerator - undivided.numerator) > greatest(0.005, 0.000000001 * abs(undivided.numerator))
    or abs(sliced.denominator - undivided.denominator) > greatest(0.005, 0.000000001 * abs(undivided.denominator))
