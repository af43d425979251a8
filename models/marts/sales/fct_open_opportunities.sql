-- grain: one row per month's closing instant and opportunity open or in an open stage just before it, with both ages
with

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

entries as (
    select * from {{ ref('int_opportunity_stage_events') }}
),

closings as (
    select closing_date, closing_at
    from {{ ref('dim_periods') }}
    where grain = 'month'
),

-- Without a stage history the record's own decision ends it. A history may begin before the record was created.
candidates as (
    select
        closings.closing_date,
        closings.closing_at,
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.owner_id,
        opportunities.lead_id,
        opportunities.opportunity_type,
        opportunities.created_at,
        entries.stage,
        entries.entered_at as stage_entered_at
    from closings
    inner join opportunities
        on not opportunities.is_decided_by_record or closings.closing_at <= opportunities.decided_at
    left join entries
        on
            opportunities.opportunity_id = entries.opportunity_id
            and {{ valid_before('closings.closing_at', 'entries.entered_at', 'entries.left_at') }}
    where
        coalesce(entries.stage_category, 'open') = 'open'
        and (entries.opportunity_id is not null or opportunities.created_at < closings.closing_at)
),

dimensioned as (
    {{ with_sales_dimensions('candidates', 'closing_at', closing=true) }}
),

final as (
    select
        closing_date,
        closing_at,
        opportunity_id,
        account_id,
        opportunity_type,
        created_at,
        created_at < closing_at as is_created,
        stage,
        stage_entered_at,
        {{ seconds_between('created_at', 'closing_at') }} as age_seconds,
        {{ seconds_between('stage_entered_at', 'closing_at') }} as stage_age_seconds,
        owner,
        team,
        region,
        lead_source,
        segment
    from dimensioned
)

select * from final
