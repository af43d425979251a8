{#
    Text to typed value, the one place where it is said what counts as a number, a date or an instant. An empty or
    unparsable text is NULL and never an error; loading renders these same macros to find, quarantine and report every row
    whose text does not parse. The duckdb__ macros therefore use nothing of dbt.

        parse(expression, data_type, zone, formats)

    string    the text as it is; empty is NULL
    integer   12, -3, and 12.0 (a whole number that went through a spreadsheet); never rounded
    decimal   decimal(28, 10): 12.5, -0.3, 1.2E+3; no thousands separators, no currency signs, no decimal comma
    boolean   true/false, t/f, yes/no, y/n, 1/0, in any case
    date      2025-01-31, or an ISO timestamp at midnight; with `formats` (strptime) only those
    instant   ISO 8601 with Z or an offset, or without one where `zone` declares what local time it is; with `formats` only
              those, read in `zone` unless the format has %z. The result is a naive timestamp in UTC
    epoch     Unix seconds; a naive timestamp in UTC
    time      08:30 or 08:30:00; 24:00 is the end of the day
    json      valid JSON, kept as text
#}

{% macro parse(expression, data_type, zone=none, formats=none) -%}
    {{ adapter.dispatch('parse')(expression, data_type, zone, formats) }}
{%- endmacro %}

{% macro duckdb__parse(expression, data_type, zone=none, formats=none) -%}
    {%- set text = "trim(" ~ expression ~ ")" -%}
    {%- if data_type == 'string' -%}
        nullif({{ expression }}, '')
    {%- elif data_type == 'integer' -%}
        case when regexp_full_match({{ text }}, '[+-]?[0-9]+([.]0*)?') then try_cast({{ text }} as bigint) end
    {%- elif data_type == 'decimal' -%}
        {#- Short plain numbers go through a 64-bit decimal: the result is the same and ten times as fast. -#}
        case
            when regexp_full_match({{ text }}, '[+-]?[0-9]{1,11}([.][0-9]{0,6})?')
                then cast(try_cast({{ text }} as decimal(18, 6)) as decimal(28, 10))
            when regexp_full_match({{ text }}, '[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]{1,3})?')
                then try_cast({{ text }} as decimal(28, 10))
        end
    {%- elif data_type == 'boolean' -%}
        case
            when lower({{ text }}) in ('true', 't', 'yes', 'y', '1') then true
            when lower({{ text }}) in ('false', 'f', 'no', 'n', '0') then false
        end
    {%- elif data_type == 'date' and formats -%}
        cast({{ duckdb__parse_formats(text, formats) }} as date)
    {%- elif data_type == 'date' -%}
        case
            when left({{ text }}, 4) = '0000' then null
            when regexp_full_match(
                {{ text }}, '[0-9]{4}-[0-9]{2}-[0-9]{2}([T ]00:00(:00([.]0{1,9})?)?([Zz]|[+-]00(:?00)?)?)?'
            ) then try_cast(left({{ text }}, 10) as date)
        end
    {%- elif data_type == 'instant' and formats -%}
        coalesce(
        {%- for format in formats -%}
            {%- set parsed = duckdb__parse_formats(text, [format]) -%}
            {%- if '%z' in format or '%Z' in format %}
            timezone('UTC', {{ parsed }}),
            {%- elif zone %}
            {{ duckdb__parse_local(parsed, zone) }},
            {%- endif -%}
        {%- endfor %}
            cast(null as timestamp)
        )
    {%- elif data_type == 'instant' -%}
        {%- set clock = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?" -%}
        {%- set day = "[0-9]{4}-[0-9]{2}-[0-9]{2}" -%}
        case
            when left({{ text }}, 4) = '0000' then null
            when regexp_full_match({{ text }}, '{{ day }}[T ]{{ clock }} ?([Zz]|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)')
                then timezone('UTC', try_cast(
                    left({{ text }}, 10) || 'T' || substr({{ text }}, 12, 5)
                    || case when substr({{ text }}, 17, 1) = ':' then '' else ':00' end
                    || replace(upper(replace(substr({{ text }}, 17), ' ', '')), 'UTC', 'Z') as timestamptz
                ))
            {%- if zone %}
            when regexp_full_match({{ text }}, '{{ day }}([T ]{{ clock }})?')
                then {{ duckdb__parse_local("try_cast(" ~ text ~ " as timestamp)", zone) }}
            {%- endif %}
        end
    {%- elif data_type == 'epoch' -%}
        case
            when regexp_full_match({{ text }}, '[+-]?[0-9]{1,11}([.]0*)?')
                then make_timestamp(try_cast({{ text }} as bigint) * 1000000)
        end
    {%- elif data_type == 'time' -%}
        case
            when regexp_full_match({{ text }}, '([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?|24:00(:00)?')
                then try_cast({{ text }} as time)
        end
    {%- elif data_type == 'json' -%}
        case when json_valid({{ expression }}) then {{ expression }} end
    {%- else -%}
        {#- An undeclared type must stop the build, in whichever engine of templates renders this. -#}
        {{ data_type_must_be_one_of_string_integer_decimal_boolean_date_instant_epoch_time_json() }}
    {%- endif -%}
{%- endmacro %}

{#- A text tried against strptime formats. -#}
{% macro duckdb__parse_formats(text, formats) -%}
    try_strptime({{ text }}, [
    {%- for format in formats %}{{ duckdb__literal(format) }}{{ ', ' if not loop.last }}{% endfor -%}
    ])
{%- endmacro %}

{#- The instant of a wall-clock timestamp in a zone. -#}
{% macro duckdb__parse_local(timestamp, zone) -%}
    timezone('UTC', timezone({{ duckdb__literal(zone) }}, {{ timestamp }}))
{%- endmacro %}

{#- A text as an SQL literal. -#}
{% macro duckdb__literal(value) -%}
    '{{ value | replace("'", "''") }}'
{%- endmacro %}
