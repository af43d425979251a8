{#
    The clock and the calendar (contract G-01 to G-06). Instants are naive timestamps in UTC everywhere; a local date or a
    local midnight is taken only by these macros, so no result depends on the time zone of a session or a host.
#}

{#- The instant of the build, an input of every run (G-01). -#}
{% macro as_of() -%}
    {%- if execute and not var('as_of') -%}
        {{ exceptions.raise_compiler_error(
            "as_of is not set. The nightly job passes it; by hand, add --vars '{as_of: \"2025-07-15 00:00:00\"}' (an instant in UTC)."
        ) }}
    {%- endif -%}
    cast('{{ var("as_of") }}' as timestamp)
{%- endmacro %}

{% macro as_of_date() -%}
    {{ local_date(as_of()) }}
{%- endmacro %}

{#- Wall-clock time in a zone of an instant in UTC. `zone` is an SQL expression; the default is the reporting zone (G-02). -#}
{% macro local_time(instant, zone=none) -%}
    {{ adapter.dispatch('local_time')(instant, zone or reporting_zone()) }}
{%- endmacro %}

{% macro duckdb__local_time(instant, zone) -%}
    timezone({{ zone }}, timezone('UTC', {{ instant }}))
{%- endmacro %}

{#- Instant in UTC of a wall-clock time in a zone. -#}
{% macro utc_instant(local_time, zone=none) -%}
    {{ adapter.dispatch('utc_instant')(local_time, zone or reporting_zone()) }}
{%- endmacro %}

{% macro duckdb__utc_instant(local_time, zone) -%}
    timezone('UTC', timezone({{ zone }}, {{ local_time }}))
{%- endmacro %}

{% macro reporting_zone() -%}
    '{{ var("reporting_timezone") | replace("'", "''") }}'
{%- endmacro %}

{#- Local calendar date of an instant. -#}
{% macro local_date(instant, zone=none) -%}
    cast({{ local_time(instant, zone) }} as date)
{%- endmacro %}

{#- Instant of the local midnight at which a date begins. -#}
{% macro local_midnight(date) -%}
    {{ utc_instant('cast(' ~ date ~ ' as timestamp)') }}
{%- endmacro %}

{% macro add_days(date, days) -%}
    cast({{ date }} + ({{ days }}) * interval '1' day as date)
{%- endmacro %}

{% macro add_months(date, months) -%}
    cast({{ date }} + ({{ months }}) * interval '1' month as date)
{%- endmacro %}

{#- Whole days from one date to another. -#}
{% macro days_between(from_date, to_date) -%}
    {{ adapter.dispatch('days_between')(from_date, to_date) }}
{%- endmacro %}

{% macro duckdb__days_between(from_date, to_date) -%}
    (cast({{ to_date }} as date) - cast({{ from_date }} as date))
{%- endmacro %}

{#- Weekday of a date by ISO 8601: 1 is Monday. -#}
{% macro iso_weekday(date) -%}
    ({{ days_between("cast(date_trunc('week', " ~ date ~ ") as date)", date) }} + 1)
{%- endmacro %}

{#- Elapsed seconds between two instants, exact to the microsecond (G-06): never a count of boundaries. -#}
{% macro seconds_between(from_instant, to_instant) -%}
    {{ adapter.dispatch('seconds_between')(from_instant, to_instant) }}
{%- endmacro %}

{% macro duckdb__seconds_between(from_instant, to_instant) -%}
    cast((epoch_us({{ to_instant }}) - epoch_us({{ from_instant }})) as decimal(24, 0)) * cast(0.000001 as decimal(7, 6))
{%- endmacro %}

{#- Last instant at which something may happen within n days of an anchor, exclusive (G-09): the local midnight after day n. -#}
{% macro end_of_window_days(instant, days) -%}
    {{ local_midnight(add_days(local_date(instant), days ~ ' + 1')) }}
{%- endmacro %}

{#- State just before a closing instant (G-05, G-22): open by then, and not ended before it. -#}
{% macro valid_before(closing_at, valid_from, valid_to) -%}
    ({{ valid_from }} < {{ closing_at }} and ({{ valid_to }} is null or {{ closing_at }} <= {{ valid_to }}))
{%- endmacro %}

{#- Valid at an event (G-22): half-open. -#}
{% macro valid_at(instant, valid_from, valid_to) -%}
    ({{ valid_from }} <= {{ instant }} and ({{ valid_to }} is null or {{ instant }} < {{ valid_to }}))
{%- endmacro %}

{#- One row per date: a column `date_day` from start to end, both inclusive. -#}
{% macro date_series(start_date, end_date) -%}
    {{ adapter.dispatch('date_series')(start_date, end_date) }}
{%- endmacro %}

{% macro duckdb__date_series(start_date, end_date) -%}
    select cast(day_at as date) as date_day
    from unnest(generate_series(cast({{ start_date }} as timestamp), cast({{ end_date }} as timestamp), interval '1' day)) as days (day_at)
{%- endmacro %}
