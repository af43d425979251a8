-- grain: one row per KPI id, grain, period and slice
-- contract 4.A1: monthly amount of the paid recurring items just before the closing instant, and the movements between two closings
with

items as (
    select
        *,
        product_id as product,
        plan_id as plan
    from ({{ with_customer_dimensions(ref('int_mrr_closings'), 'closing_at', closing=true) }}) as dimensioned
),

standing as (
    select 'mrr' as kpi_id, mrr_amount as numerator, null as denominator, * from items
    union all
    select 'arr' as kpi_id, mrr_amount * 12 as numerator, null as denominator, * from items
),

customers as (
    select 'arpa' as kpi_id, mrr_amount as numerator, 1 as denominator, *
    from {{ ref('fct_customer_snapshots') }}
    where mrr_amount > 0
),

monthly as (
    select * from {{ ref('fct_mrr_movements') }}
),

movements as (
    select
        month_start as kpi_date,
        case movement when 'churn' then 'churned' else movement end || '_mrr' as kpi_id,
        amount as numerator,
        null as denominator,
        *
    from monthly
    where movement <> 'transfer'
),

net_movements as (
    select
        month_start as kpi_date,
        'net_new_mrr' as kpi_id,
        case when movement in ('churn', 'contraction') then -amount else amount end as numerator,
        null as denominator,
        *
    from monthly
    where movement in ('new', 'reactivation', 'expansion', 'contraction', 'churn')
),

flows as (
    select * from movements
    union all
    select * from net_movements
),

transfers as (
    select month_start as kpi_date, 'transfer_mrr' as kpi_id, amount as numerator, null as denominator, *
    from monthly
    where movement = 'transfer'
),

-- Subscribers who join and leave inside one month are in no movement.
passers_by as (
    select 'intra_period_churn_count' as kpi_id, month_start as kpi_date, 1 as numerator, null as denominator, *
    from {{ ref('fct_intra_month_customers') }}
),

announced as (
    select 'pending_churn_count' as kpi_id, 1 as numerator, null as denominator, *
    from {{ ref('fct_customer_snapshots') }}
    where is_churn_announced
),

closing_rows as (
    {{ rolled_up_closings('mrr', 'standing', d_cust() + d_sub()) }}
),

customer_rows as (
    {{ rolled_up_closings('mrr', 'customers', d_cust()) }}
),

announced_rows as (
    {{ rolled_up_closings('mrr', 'announced', d_cust()) }}
),

flow_rows as (
    {{ rolled_up_events('mrr', 'flows', d_cust()) }}
),

transfer_rows as (
    {{ rolled_up_events('mrr', 'transfers', ['segment', 'owner', 'team']) }}
),

passer_by_rows as (
    {{ rolled_up_events('mrr', 'passers_by', d_cust()) }}
),

final as (
    {{ published('mrr', ['closing_rows', 'customer_rows', 'announced_rows', 'flow_rows', 'transfer_rows', 'passer_by_rows']) }}
)

select * from final
