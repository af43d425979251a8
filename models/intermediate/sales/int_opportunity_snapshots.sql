-- grain: one row per snapshot date and surviving opportunity
with

snapshots as (
    {{ union_sources('opportunity_snapshot') }}
),

stages as (
    select * from {{ ref('opportunity_stages') }}
),

kept as (
    {{ of_surviving_opportunities('snapshots') }}
),

-- A shell's snapshots speak for the survivor only on days on which it has none of its own.
ranked as (
    select
        *,
        row_number() over (
            partition by snapshot_date, opportunity_id
            order by
                case when is_from_shell then 1 else 0 end,
                close_date, amount, currency, stage, probability, owner_id, forecast_category
        ) as precedence
    from kept
    where {{ local_midnight('snapshot_date') }} < {{ as_of() }}
),

final as (
    select
        ranked.snapshot_date,
        ranked.opportunity_id,
        ranked.stage,
        coalesce(stages.stage_category, 'open') as stage_category,
        ranked.amount,
        ranked.currency,
        ranked.close_date,
        ranked.probability,
        ranked.owner_id
    from ranked
    left join stages
        on lower(trim(ranked.stage)) = stages.stage
    where ranked.precedence = 1
)

select * from final
