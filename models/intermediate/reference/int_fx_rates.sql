-- grain: one row per currency and day on which a rate into the reporting currency is known (contract G-16)
with

delivered as (
    {{ union_sources('fx_rate') }}
),

seeded as (
    select * from {{ ref('fx_rates') }}
),

-- A delivered row wins over a seed row of the same key.
quotes as (
    select
        rate_date,
        upper(from_currency) as from_currency,
        cast(max(rate) as decimal(28, 10)) as rate
    from (
        select rate_date, from_currency, to_currency, rate
        from delivered
        union all
        select seeded.rate_date, seeded.from_currency, seeded.to_currency, seeded.rate
        from seeded
        left join delivered
            on
                seeded.rate_date = delivered.rate_date
                and seeded.from_currency = delivered.from_currency
                and seeded.to_currency = delivered.to_currency
        where delivered.rate_date is null
    ) as both_sources
    where upper(to_currency) = {{ reporting_currency() }}
    group by 1, 2
),

-- A quote holds until the next one, for at most fx_max_age_days.
validity as (
    select
        from_currency,
        rate,
        rate_date,
        least(
            coalesce({{ add_days('lead(rate_date) over (partition by from_currency order by rate_date)', -1) }}, date '9999-12-31'),
            {{ add_days('rate_date', var('fx_max_age_days')) }}
        ) as last_date
    from quotes
),

ages as (
    {% for age in range(var('fx_max_age_days') | int + 1) -%}
    select {{ age }} as age_days{{ ' union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        validity.from_currency,
        {{ add_days('validity.rate_date', 'ages.age_days') }} as rate_date,
        validity.rate
    from validity
    cross join ages
    where {{ add_days('validity.rate_date', 'ages.age_days') }} <= validity.last_date
)

select * from final
