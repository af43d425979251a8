{#
    The pattern of a KPI. A KPI file states its population: the rows it is made of, what each adds to numerator and
    denominator, and what anchors it in time. One `rolled_up_*` macro per aggregation class of the contract (G-25) brings a
    population to every grain and slice, and `published` adds what all KPIs share: a row for every period of the spine,
    no_data, completeness, maturity, value and status (G-08 to G-13).

    A population is a CTE with the columns
        kpi_id                  the id that the row counts for; one population may serve several
        kpi_date                local date that the row counts on                           (events, latest, units)
        grain, period_start     period that the row counts in                               (cohorts, components)
        closing_date            first local day after the closing instant                   (closings)
        numerator, denominator  exact decimals, durations in seconds; denominator NULL for flows and balances
        outcome                 'counted', 'rejected' (a data error, counted apart) or 'censored' (begun on kpi_date, unfinished);
                                only with outcomes=true, otherwise every row counts
        <slices>                one column per slice; NULL is the unknown member (G-24)
        account_id              for the slices by today's value (macros/slices.sql)

    `vars: {slices: none}` switches slices off, `{slices: stage owner}` all but those named: for unit tests that show few rows.
#}

{#- Grains that the catalogue gives to the ids of a file. -#}
{% macro grains_of(headline_id) -%}
    select distinct kpi_id, grain from {{ ref('int_kpi_periods') }} where headline_id = '{{ headline_id }}'
{%- endmacro %}

{#- The measures of a group of population rows; `sampled` says which of them are units of the sample. -#}
{% macro kpi_measures(outcomes, sampled) -%}
    {%- set counted = "outcome = 'counted'" if outcomes else "1 = 1" %}
        cast(sum(case when {{ counted }} then numerator end) as decimal(38, 12)) as numerator,
        cast(sum(case when {{ counted }} then denominator end) as decimal(38, 12)) as denominator,
        count(case when {{ counted }} and ({{ sampled }}) then 1 end) as sample_size,
        count(case when {{ counted }} then 1 end) as contributions,
        {{ "count(case when outcome = 'rejected' then 1 end)" if outcomes else "0" }} as rejected_rows,
        {{ "count(case when outcome = 'censored' then 1 end)" if outcomes else "0" }} as censored_starts
{%- endmacro %}

{#- The columns of rolled-up rows, those in `given` as it says: {column: expression}. -#}
{% macro rolled_up_with(rows, given) -%}
    {%- set columns = [
        'kpi_id', 'grain', 'period_start', 'dim_name', 'dim_value', 'numerator', 'denominator', 'value', 'status',
        'sample_size', 'contributions', 'rejected_rows', 'censored_starts',
    ] -%}
    {%- for column in columns %}
        {{ given[column] ~ ' as ' if column in given else rows ~ '.' }}{{ column }}
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Rows of which the denominator, a sum of halves or shares, is itself the size of the sample. -#}
{% macro sampled_by_denominator(rows) -%}
    select {{ rolled_up_with(rows, {'sample_size': 'cast(floor(denominator) as bigint)'}) }}
    from {{ rows }}
{%- endmacro %}

{#- Status of a row that gives its own value (a NULL that a rule demands, say): as if it had given none. -#}
{% macro status_of_sample(sample_size) -%}
    case when {{ sample_size }} < {{ var('min_sample') }} then 'low_sample' else 'ok' end
{%- endmacro %}

{#- Population rows added up by `keys`, undivided and once per slice, in one pass over the rows. -#}
{% macro summed_by_slice(population, keys, slices, outcomes=false, sampled='denominator is null or denominator <> 0') -%}
    {%- set slices = active_slices(slices) -%}
    select
        {{ keys | join(', ') }},
        {%- if slices %}
        case
            {%- for slice in slices %}
            when grouping({{ adapter.quote(slice) }}) = 0 then '{{ slice }}'
            {%- endfor %}
            else 'all'
        end as dim_name,
        coalesce({% for slice in slices %}case when grouping({{ adapter.quote(slice) }}) = 0 then {{ adapter.quote(slice) }} end, {% endfor %}'all') as dim_value,
        {%- else %}
        'all' as dim_name,
        'all' as dim_value,
        {%- endif %}
        {{ kpi_measures(outcomes, sampled) }}
    from (
        select
            {{ keys | join(', ') }}, numerator, denominator{{ ', outcome' if outcomes }}
            {%- for slice in slices %},
            {{ slice_member(slice) }} as {{ adapter.quote(slice) }}
            {%- endfor %}
        from {{ with_today(population, slices) }}
    ) as members
    group by grouping sets (
        ({{ keys | join(', ') }})
        {%- for slice in slices %},
        ({{ keys | join(', ') }}, {{ adapter.quote(slice) }})
        {%- endfor %}
    )
{%- endmacro %}

{#- Population rows, repeated for every slice: for what is recomputed from rows. -#}
{% macro rows_by_slice(population, slices) -%}
    select *, 'all' as dim_name, 'all' as dim_value from {{ population }}
    {%- for slice in active_slices(slices) %}
    union all
    select facts.*, '{{ slice }}', {{ slice_member(slice) }} from {{ with_today(population, [slice]) }}
    {%- endfor %}
{%- endmacro %}

{#- Population rows, repeated for every slice and every period that they count in. -#}
{% macro rows_by_period_and_slice(headline_id, population, slices) -%}
    select
        sliced.*,
        grains.grain,
        {{ offset_period_start('grains.grain', 'offsets.offset_months', 'sliced.kpi_date') }} as period_start
    from (
        {{ rows_by_slice(population, slices) }}
    ) as sliced
    inner join ({{ grains_of(headline_id) }}) as grains
        on sliced.kpi_id = grains.kpi_id
    inner join ({{ period_offsets() }}) as offsets
        on grains.grain = offsets.grain
{%- endmacro %}

{#- flow, ratio, duration: rows that count on a day, added up by day and slice and then to every grain. -#}
{% macro rolled_up_events(headline_id, population, slices=[], outcomes=false) -%}
    select
        daily.kpi_id,
        grains.grain,
        {{ offset_period_start('grains.grain', 'offsets.offset_months', 'daily.kpi_date') }} as period_start,
        daily.dim_name,
        daily.dim_value,
        cast(sum(daily.numerator) as decimal(38, 12)) as numerator,
        cast(sum(daily.denominator) as decimal(38, 12)) as denominator,
        cast(null as double) as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        cast(sum(daily.sample_size) as bigint) as sample_size,
        cast(sum(daily.contributions) as bigint) as contributions,
        cast(sum(daily.rejected_rows) as bigint) as rejected_rows,
        cast(sum(daily.censored_starts) as bigint) as censored_starts
    from (
        {{ summed_by_slice(population, ['kpi_id', 'kpi_date'], slices, outcomes) }}
    ) as daily
    inner join ({{ grains_of(headline_id) }}) as grains
        on daily.kpi_id = grains.kpi_id
    inner join ({{ period_offsets() }}) as offsets
        on grains.grain = offsets.grain
    group by 1, 2, 3, 4, 5
{%- endmacro %}

{#- p50 and p90 of the numerators of a duration, under the ids <kpi_id>_p50 and <kpi_id>_p90, from rows at every grain (G-15). -#}
{% macro rolled_up_percentiles(headline_id, population, slices=[], outcomes=false) -%}
    {%- set counted = "outcome = 'counted'" if outcomes else "1 = 1" %}
    {%- for percentile in [50, 90] %}
    select
        kpi_id || '_p{{ percentile }}' as kpi_id,
        grain,
        period_start,
        dim_name,
        dim_value,
        cast(null as decimal(38, 12)) as numerator,
        cast(null as decimal(38, 12)) as denominator,
        {{ continuous_percentile("case when " ~ counted ~ " then cast(numerator as double) end", percentile / 100) }} as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        count(case when {{ counted }} then 1 end) as sample_size,
        count(case when {{ counted }} then 1 end) as contributions,
        {{ "count(case when outcome = 'rejected' then 1 end)" if outcomes else "cast(0 as bigint)" }} as rejected_rows,
        {{ "count(case when outcome = 'censored' then 1 end)" if outcomes else "cast(0 as bigint)" }} as censored_starts
    from (
        {{ rows_by_period_and_slice(headline_id, population, slices) }}
    ) as expanded
    group by 1, 2, 3, 4, 5
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro continuous_percentile(expression, fraction) -%}
    {{ adapter.dispatch('continuous_percentile')(expression, fraction) }}
{%- endmacro %}

{% macro duckdb__continuous_percentile(expression, fraction) -%}
    quantile_cont({{ expression }}, {{ fraction }})
{%- endmacro %}

{#- distinct, one voice: of the rows of a unit (unit_id) within the period and the slice, the latest counts (responded_at, response_id). -#}
{% macro rolled_up_latest(headline_id, population, slices=[]) -%}
    select
        kpi_id,
        grain,
        period_start,
        dim_name,
        dim_value,
        cast(sum(case when recency = 1 and outcome = 'counted' then numerator end) as decimal(38, 12)) as numerator,
        cast(sum(case when recency = 1 and outcome = 'counted' then denominator end) as decimal(38, 12)) as denominator,
        cast(null as double) as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        count(case when recency = 1 and outcome = 'counted' then 1 end) as sample_size,
        count(case when outcome = 'counted' then 1 end) as contributions,
        count(case when outcome = 'rejected' then 1 end) as rejected_rows,
        cast(0 as bigint) as censored_starts
    from (
        select
            *,
            row_number() over (
                partition by kpi_id, grain, period_start, dim_name, dim_value, unit_id, outcome
                order by responded_at desc, response_id desc
            ) as recency
        from (
            {{ rows_by_period_and_slice(headline_id, population, slices) }}
        ) as expanded
    ) as ranked
    group by 1, 2, 3, 4, 5
{%- endmacro %}

{#-
    distinct, units: rows of a unit (unit_id) add up in the numerator, the unit counts once in the denominator. With at_least, the
    numerator counts the units that reach it.
-#}
{% macro rolled_up_units(headline_id, population, slices=[], at_least=none) -%}
    select
        kpi_id,
        grain,
        period_start,
        dim_name,
        dim_value,
        cast({{ 'count(case when numerator >= ' ~ at_least ~ ' then 1 end)' if at_least else 'sum(numerator)' }} as decimal(38, 12)) as numerator,
        cast(count(*) as decimal(38, 12)) as denominator,
        cast(null as double) as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        count(*) as sample_size,
        count(*) as contributions,
        cast(0 as bigint) as rejected_rows,
        cast(0 as bigint) as censored_starts
    from (
        select kpi_id, grain, period_start, dim_name, dim_value, unit_id, sum(numerator) as numerator
        from (
            {{ rows_by_period_and_slice(headline_id, population, slices) }}
        ) as expanded
        group by 1, 2, 3, 4, 5, 6
    ) as units
    group by 1, 2, 3, 4, 5
{%- endmacro %}

{#-
    cohort: rows that already belong to a period of a grain. An outcome slice filters the numerator only (G-23): its rows keep
    the undivided denominator.
-#}
{% macro rolled_up_cohorts(headline_id, population, slices=[], outcome_slices=[], outcomes=false, sampled='denominator is null or denominator <> 0') -%}
    select
        kpi_id,
        grain,
        period_start,
        dim_name,
        dim_value,
        numerator,
        denominator,
        cast(null as double) as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        sample_size,
        contributions,
        rejected_rows,
        censored_starts
    from (
        {{ summed_by_slice(population, ['kpi_id', 'grain', 'period_start'], slices, outcomes, sampled) }}
    ) as summed
    {%- for slice in active_slices(outcome_slices) %}
    union all
    select
        outcomes.kpi_id,
        outcomes.grain,
        outcomes.period_start,
        '{{ slice }}',
        outcomes.dim_value,
        outcomes.numerator,
        undivided.denominator,
        null,
        null,
        undivided.sample_size,
        undivided.contributions,
        0,
        0
    from (
        select kpi_id, grain, period_start, {{ slice_member(slice) }} as dim_value, cast(sum(numerator) as decimal(38, 12)) as numerator
        from {{ population }}
        where numerator <> 0
        group by 1, 2, 3, 4
    ) as outcomes
    inner join (
        {{ summed_by_slice(population, ['kpi_id', 'grain', 'period_start'], [], sampled=sampled) }}
    ) as undivided
        on
            outcomes.kpi_id = undivided.kpi_id
            and outcomes.grain = undivided.grain
            and outcomes.period_start = undivided.period_start
    {%- endfor %}
{%- endmacro %}

{#- p50 and p90 of rows that stand at a closing instant, by_closing: the twin of rolled_up_percentiles for balances. -#}
{% macro rolled_up_closing_percentiles(headline_id, population, slices=[]) -%}
    {%- for percentile in [50, 90] %}
    select
        sliced.kpi_id || '_p{{ percentile }}' as kpi_id,
        periods.grain,
        periods.period_start,
        sliced.dim_name,
        sliced.dim_value,
        cast(null as decimal(38, 12)) as numerator,
        cast(null as decimal(38, 12)) as denominator,
        {{ continuous_percentile('cast(sliced.numerator as double)', percentile / 100) }} as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        count(*) as sample_size,
        count(*) as contributions,
        cast(0 as bigint) as rejected_rows,
        cast(0 as bigint) as censored_starts
    from (
        {{ rows_by_slice(population, slices) }}
    ) as sliced
    inner join {{ ref('int_kpi_periods') }} as periods
        on
            sliced.kpi_id = periods.kpi_id
            and sliced.closing_date = periods.closing_date
            and periods.headline_id = '{{ headline_id }}'
    group by 1, 2, 3, 4, 5
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- balance: rows that stand at a closing instant; a period takes the state at its own (G-05). -#}
{% macro rolled_up_closings(headline_id, population, slices=[]) -%}
    select
        periods.kpi_id,
        periods.grain,
        periods.period_start,
        summed.dim_name,
        summed.dim_value,
        summed.numerator,
        summed.denominator,
        cast(null as double) as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        summed.sample_size,
        summed.contributions,
        cast(0 as bigint) as rejected_rows,
        cast(0 as bigint) as censored_starts
    from (
        {{ summed_by_slice(population, ['kpi_id', 'closing_date'], slices) }}
    ) as summed
    inner join {{ ref('int_kpi_periods') }} as periods
        on
            summed.kpi_id = periods.kpi_id
            and summed.closing_date = periods.closing_date
            and periods.headline_id = '{{ headline_id }}'
{%- endmacro %}

{#-
    compound: rows that are already rolled up, made from the components of other KPIs, one per id, grain, period and slice.
    Columns: kpi_id, grain, period_start, dim_name, dim_value, numerator, denominator, value, status, sample_size. A status
    settles the value: it is published as it is, NULL included.
-#}
{% macro rolled_up_components(population) -%}
    select
        kpi_id, grain, period_start, dim_name, dim_value, numerator, denominator, value, status, sample_size,
        cast(1 as bigint) as contributions,
        cast(0 as bigint) as rejected_rows,
        cast(0 as bigint) as censored_starts
    from {{ population }}
{%- endmacro %}

{#-
    The published rows of a file: every period of the spine undivided, and every slice member that something contributes to.
    `results` names the CTEs that hold rolled-up rows.
-#}
{% macro published(headline_id, results) -%}
    select
        kpi_id,
        kpi_version,
        grain,
        period_start,
        period_end,
        dim_name,
        dim_value,
        case when has_data and coalesce(given_status, '') <> 'no_data' then numerator end as numerator,
        case when has_data and coalesce(given_status, '') <> 'no_data' then denominator end as denominator,
        case
            when not has_data then null
            when given_status is not null or given_value is not null then given_value / divisor
            when is_percentile then null
            when is_additive then numerator
            else scale * numerator / nullif(denominator, 0)
        end as value,
        unit,
        case when has_data then sample_size end as sample_size,
        case when has_data then rejected_rows end as rejected_rows,
        case when has_data then censored_rows end as censored_rows,
        is_complete,
        is_mature,
        case
            when not has_data then 'no_data'
            when given_status is not null then given_status
            when not is_additive and sample_size < {{ var('min_sample') }} then 'low_sample'
            else 'ok'
        end as status,
        {{ as_of() }} as as_of,
        cast('{{ var("run_id", "unset") }}' as {{ api.Column.translate_type('string') }}) as run_id
    from (
        select
            periods.*,
            coalesce(results.dim_name, 'all') as dim_name,
            coalesce(results.dim_value, 'all') as dim_value,
            case when periods.is_percentile then null else coalesce(cast(results.numerator as double), case when results.status is null then 0 end) / periods.divisor end as numerator,
            case when periods.is_percentile or periods.is_additive then null else coalesce(cast(results.denominator as double), case when results.status is null then 0 end) end as denominator,
            results.value as given_value,
            results.status as given_status,
            cast(coalesce(results.sample_size, 0) as bigint) as sample_size,
            coalesce(results.contributions, 0) as contributions,
            cast(coalesce(results.rejected_rows, 0) as bigint) as rejected_rows,
            cast(coalesce(sum(results.censored_starts) over (
                partition by
                    periods.kpi_id, periods.grain, coalesce(results.dim_name, 'all'), coalesce(results.dim_value, 'all')
                order by periods.period_start
                rows between unbounded preceding and current row
            ), 0) as bigint) as censored_rows
        from {{ ref('int_kpi_periods') }} as periods
        left join (
            {%- for result in results %}
            select * from {{ result }}
            {{ 'union all' if not loop.last }}
            {%- endfor %}
        ) as results
            on
                periods.kpi_id = results.kpi_id
                and periods.grain = results.grain
                and periods.period_start = results.period_start
        where periods.headline_id = '{{ headline_id }}'
    ) as joined
    where dim_name = 'all' or (has_data and contributions > 0)
{%- endmacro %}
