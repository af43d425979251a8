{#
    What several staging models of one vendor share.
#}

{#- Decimal digits of the minor unit of a currency, by ISO 4217 (G-14). `currency` is an SQL expression, in any case. -#}
{% macro currency_exponent(currency) -%}
    case
        when upper({{ currency }}) in (
            'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
        ) then 0
        when upper({{ currency }}) in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
        when upper({{ currency }}) in ('CLF', 'UYW') then 4
        else 2
    end
{%- endmacro %}

{#-
    Exponent that Stripe's API uses: ISO 4217, except that it keeps two digits for two currencies that have lost theirs (ISK,
    UGX) and none for one whose subunit is not decimal (MGA).
-#}
{% macro stripe_exponent(currency) -%}
    case
        when upper({{ currency }}) in ('ISK', 'UGX') then 2
        when upper({{ currency }}) = 'MGA' then 0
        else {{ currency_exponent(currency) }}
    end
{%- endmacro %}

{#- Amount in the currency itself of an amount in minor units: exact, never through a binary fraction. -#}
{% macro major_units(minor_units, exponent) -%}
    cast(
        cast({{ minor_units }} as decimal(24, 10))
        * case {{ exponent }}
            when 0 then cast(1 as decimal(5, 4))
            when 3 then cast(0.001 as decimal(5, 4))
            when 4 then cast(0.0001 as decimal(5, 4))
            else cast(0.01 as decimal(5, 4))
        end as decimal(28, 10)
    )
{%- endmacro %}

{#-
    The 18-character form of a Salesforce id. Reports and formulas give the 15-character form, in which upper and lower case
    differ in meaning; the API gives 18: for each block of five characters one more, which says which of the five are
    capitals. Anything that is not 15 characters long stays as it is.
-#}
{% macro salesforce_id(id) -%}
    case
        when length({{ id }}) = 15 then
            {{ id }}
            {%- for block in [1, 6, 11] %}
            || substr(
                'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345',
                1
                {%- for place in range(5) %}
                + case when substr({{ id }}, {{ block + place }}, 1) between 'A' and 'Z' then {{ 2 ** place }} else 0 end
                {%- endfor %},
                1
            )
            {%- endfor %}
        else {{ id }}
    end
{%- endmacro %}

{#- Order of the versions of a Salesforce record. -#}
{% macro salesforce_updated_at(table_name) -%}
    coalesce({{ typed('salesforce', table_name, 'SystemModstamp') }}, {{ typed('salesforce', table_name, 'LastModifiedDate') }})
{%- endmacro %}

{#-
    Newest version of every record of a Salesforce object. Exports of one object may mix 15- and 18-character ids: the key is the
    18-character form.
-#}
{% macro salesforce_records(table_name, updated_at=none) -%}
    {{ newest_rows('salesforce', table_name, updated_at or salesforce_updated_at(table_name), key=[salesforce_id('"Id"')]) }}
{%- endmacro %}

{#- A text of a vocabulary: lower case, words joined by underscores. -#}
{% macro as_word(text) -%}
    replace(lower(trim({{ text }})), ' ', '_')
{%- endmacro %}

{#- Id of a Stripe object that is referred to: an id, or the object itself where the export expands it. -#}
{% macro stripe_reference(reference) -%}
    case when left({{ reference }}, 1) = '{' then {{ json_text(reference, '$.id') }} else {{ reference }} end
{%- endmacro %}

{#- Newest version of every Stripe object. -#}
{% macro stripe_objects(table_name, key=none) -%}
    {{ newest_rows('stripe', table_name, json_value('metadata', '$.exported_at', 'integer'), key=key) }}
{%- endmacro %}
