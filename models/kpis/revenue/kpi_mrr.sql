-- grain: one row per KPI id, grain, period and slice
-- contract 4.A1: monthly amount of the paid recurring items just before the closing instant, and the movements between two closings
with

items as (
    {{ with_customer_dimensions(ref('int_mrr_closings'), 'closing_at', closing=true) }}
),

standing as (
    select 'mrr' as kpi_id, mrr_amount as numerator, null as denominator, * from items
    union all
    select 'arr' as kpi_id, mrr_amount * 12 as numerator, null as denominator, * from items
),

customers as (
    select 'arpa' as kpi_id, mrr_amount as numerator, 1 as denominator, * from {{ ref('fct_customer_snapshots') }}
    where mrr_amount > 0
    union all
    select 'pending_churn_count', 1, null, * from {{ ref('fct_customer_snapshots') }}
    where is_churn_announced
),

monthly as (
    select *, month_start as kpi_date, case movement when 'churn' then 'churned' else movement end || '_mrr' as movement_kpi_id
    from {{ ref('fct_mrr_movements') }}
),

-- Subscribers who join and leave inside one month are in no movement.
movements as (
    select movement_kpi_id as kpi_id, kpi_date, amount as numerator, null as denominator, {{ slice_columns(d_cust()) }} from monthly
    where movement <> 'transfer'
    union all
    select
        'net_new_mrr', kpi_date, case when movement in ('churn', 'contraction') then -amount else amount end, null,
        {{ slice_columns(d_cust()) }}
    from monthly
    where movement not in ('fx', 'transfer')
    union all
    select 'intra_period_churn_count', month_start, 1, null, {{ slice_columns(d_cust()) }} from {{ ref('fct_intra_month_customers') }}
),

transfers as (
    select movement_kpi_id as kpi_id, amount as numerator, null as denominator, * from monthly
    where movement = 'transfer'
),

closing_rows as (
    {{ rolled_up_closings('mrr', 'standing', d_cust() + d_sub()) }}
),

customer_rows as (
    {{ rolled_up_closings('mrr', 'customers', d_cust()) }}
),

movement_rows as (
    {{ rolled_up_events('mrr', 'movements', d_cust()) }}
),

transfer_rows as (
    {{ rolled_up_events('mrr', 'transfers', ['segment', 'owner', 'team']) }}
),

final as (
    {{ published('mrr', ['closing_rows', 'customer_rows', 'movement_rows', 'transfer_rows']) }}
)

select * from final
