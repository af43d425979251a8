{# The periods of the contract (G-04): day, ISO week, month, quarter, year (fiscal), rolling_12m. #}

{#- First local day of the calendar period of a grain that a date lies in; for rolling_12m, of the month that closes the window. -#}
{% macro period_start(grain, date) -%}
    {%- set shift = var('fiscal_year_start_month') - 1 -%}
    case {{ grain }}
        when 'day' then {{ date }}
        when 'week' then cast(date_trunc('week', {{ date }}) as date)
        when 'month' then cast(date_trunc('month', {{ date }}) as date)
        when 'quarter' then {{ add_months("cast(date_trunc('quarter', " ~ add_months(date, -shift) ~ ") as date)", shift) }}
        when 'year' then {{ add_months("cast(date_trunc('year', " ~ add_months(date, -shift) ~ ") as date)", shift) }}
        when 'rolling_12m' then cast(date_trunc('month', {{ date }}) as date)
    end
{%- endmacro %}

{#- First day after the calendar period of a grain that begins on a date. -#}
{% macro period_end(grain, start) -%}
    case {{ grain }}
        when 'day' then {{ add_days(start, 1) }}
        when 'week' then {{ add_days(start, 7) }}
        when 'month' then {{ add_months(start, 1) }}
        when 'quarter' then {{ add_months(start, 3) }}
        when 'year' then {{ add_months(start, 12) }}
        when 'rolling_12m' then {{ add_months(start, 1) }}
    end
{%- endmacro %}

{#
    Every period that a date counts in: one row per grain, and twelve for rolling_12m (the windows of the month and of the
    eleven months after it). Columns: grain, offset_months.
#}
{% macro period_offsets() -%}
    select 'day' as grain, 0 as offset_months union all
    select 'week', 0 union all
    select 'month', 0 union all
    select 'quarter', 0 union all
    select 'year', 0
    {%- for offset in range(12) %} union all
    select 'rolling_12m', {{ -offset }}
    {%- endfor %}
{%- endmacro %}

{#- First day of the period of a row of period_offsets; a rolling window that closes k months later starts 11 - k months earlier. -#}
{% macro offset_period_start(grain, offset_months, date) -%}
    case
        when {{ grain }} = 'rolling_12m'
            then {{ add_months("cast(date_trunc('month', " ~ date ~ ") as date)", "-11 - (" ~ offset_months ~ ")") }}
        else {{ period_start(grain, date) }}
    end
{%- endmacro %}
