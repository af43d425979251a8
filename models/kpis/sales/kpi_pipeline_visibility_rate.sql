-- grain: one row per KPI id, grain, period and slice
-- contract 4.D5: of the opportunities open in the last snapshot of the period, the share that can be trusted; and their amounts
{%- set slices = d_pipeline() + ['stage'] %}
with

snapshots as (
    select * from {{ ref('fct_pipeline') }}
),

standing as (
    select 'pipeline_visibility_rate' as kpi_id, case when is_visible then 1 else 0 end as numerator, 1 as denominator, * from snapshots
    union all
    select 'visible_pipeline_share', case when is_visible then amount else 0 end, amount, * from snapshots
    union all
    select 'open_pipeline_amount', coalesce(amount, 0), null, * from snapshots
    union all
    select 'weighted_pipeline_amount', coalesce(weighted_amount, 0), null, * from snapshots
    union all
    select 'pipeline_missing_amount_count', 1, null, * from snapshots
    where is_amount_missing
),

closing_rows as (
    {{ rolled_up_closings('pipeline_visibility_rate', 'standing', slices) }}
),

final as (
    {{ published('pipeline_visibility_rate', ['closing_rows']) }}
)

select * from final
