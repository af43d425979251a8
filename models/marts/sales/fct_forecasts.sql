-- grain: one row per grain, period, cut-off and owner with a forecast for the period or an amount won in it (contract 4.D3)
with

periods as (
    select grain, period_start, period_end, {{ add_days('period_start', -1) }} as rate_date
    from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter')
),

-- The forecast counts as it was before the period began (0) or that many weeks into it, when part of the answer was known.
cut_offs as (
    {% for week in range(5) -%}
    select {{ week }} as cut_off_weeks{{ ' union all' if not loop.last }}
    {% endfor %}
),

submissions as (
    select
        periods.grain,
        periods.period_start,
        periods.rate_date,
        cut_offs.cut_off_weeks,
        submissions.forecast_id,
        submissions.owner_id,
        submissions.amount,
        submissions.currency,
        row_number() over (
            partition by periods.grain, periods.period_start, cut_offs.cut_off_weeks, submissions.owner_id
            order by submissions.submitted_at desc, submissions.forecast_id desc
        ) as recency
    from {{ ref('int_forecast_submissions') }} as submissions
    inner join periods
        on submissions.period_grain = periods.grain and submissions.period_start = periods.period_start
    inner join cut_offs
        on submissions.submitted_at < {{ local_midnight(add_days('periods.period_start', '7 * cut_offs.cut_off_weeks')) }}
),

forecasts as (
    select
        submissions.grain,
        submissions.period_start,
        submissions.cut_off_weeks,
        submissions.owner_id,
        submissions.forecast_id,
        -- nothing forecast is 0, as nothing won is
        case
            when submissions.amount is null then 0
            else {{ in_reporting_currency('submissions.amount', 'submissions.currency') }}
        end as forecast_amount
    from submissions
    {{ fx_join('submissions.currency', 'submissions.rate_date') }}
    where submissions.recency = 1
),

-- Forecast and outcome at one rate, that of the last date before the period.
won as (
    select
        periods.grain,
        periods.period_start,
        opportunities.owner as owner_id,
        case
            when opportunities.native_amount is null then 0
            else {{ in_reporting_currency('opportunities.native_amount', 'opportunities.currency') }}
        end as won_amount
    from {{ ref('fct_opportunities') }} as opportunities
    inner join periods
        on opportunities.decided_date >= periods.period_start and opportunities.decided_date < periods.period_end
    {{ fx_join('opportunities.currency', 'periods.rate_date') }}
    where opportunities.outcome = 'won'
),

-- A side without a rate stays NULL, and a data test stops the night.
units as (
    select
        grain,
        period_start,
        cut_off_weeks,
        owner_id as owner,
        max(forecast_id) as forecast_id,
        cast(case when max(forecast_id) is null then 0 else sum(forecast_amount) end as decimal(28, 4)) as forecast_amount,
        cast(case when count(won_at_all) = count(won_amount) then coalesce(sum(won_amount), 0) end as decimal(28, 4)) as won_amount,
        count(won_at_all) as won_count
    from (
        select grain, period_start, cut_off_weeks, owner_id, forecast_id, forecast_amount, null as won_amount, null as won_at_all
        from forecasts
        union all
        select won.grain, won.period_start, cut_offs.cut_off_weeks, won.owner_id, null, null, won.won_amount, 1
        from won
        cross join cut_offs
    ) as both_sides
    group by 1, 2, 3, 4
),

assignments as (
    select * from {{ ref('int_staff_assignments') }}
),

final as (
    select
        units.grain,
        units.period_start,
        units.cut_off_weeks,
        units.owner,
        assignments.team,
        units.forecast_id,
        units.forecast_amount,
        units.won_amount,
        units.won_count,
        abs(units.won_amount - units.forecast_amount) as error_amount
    from units
    left join assignments
        on units.owner = assignments.user_id and units.period_start between assignments.valid_from and assignments.valid_to
)

select * from final
