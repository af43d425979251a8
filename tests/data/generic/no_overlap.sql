{# Intervals of one key do not overlap (contract G-22): half-open, or with both ends inside; an empty end is open. #}
{% test no_overlap(model, key, valid_from, valid_to, inclusive=false) %}
select {{ key }}, {{ valid_from }}, {{ valid_to }}, next_from
from (
    select
        {{ key }},
        {{ valid_from }},
        {{ valid_to }},
        lead({{ valid_from }}) over (partition by {{ key }} order by {{ valid_from }}) as next_from
    from {{ model }}
) as followed
where next_from is not null and ({{ valid_to }} is null or next_from {{ '<=' if inclusive else '<' }} {{ valid_to }})
{% endtest %}
