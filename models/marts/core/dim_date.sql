{#- Names of BI tools' axes; English, as all labels of the warehouse. -#}
{% set days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] %}
{% set months = [
    'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
] %}
{% set prefix = '' if var('fiscal_year_start_month') == 1 else 'FY' %}

-- grain: one row per local date, from the fiscal year of the first loaded event to the end of the one after the run clock's
with

bounds as (
    select
        min(period_start) as first_date,
        {{ local_date(as_of() ~ " - interval '1' microsecond") }} as last_known_date
    from {{ ref('dim_periods') }}
    where grain = 'year'
),

dates as (
    {{ date_series(
        '(select first_date from bounds)',
        '(select ' ~ add_months(period_start("'year'", 'last_known_date'), 24) ~ " - interval '1' day from bounds)"
    ) }}
),

openings as (
    {{ opening_intervals() }}
),

holidays as (
    select holiday_date
    from ({{ schedule_holidays() }}) as known
    where schedule_id = 'default'
),

-- Without a schedule of that name the working days are Monday to Friday.
working_days as (
    select distinct dates.date_day
    from dates
    inner join openings
        on
            {{ days_between("cast(date_trunc('week', dates.date_day) as date)", 'dates.date_day') }} + 1 = openings.weekday
            and openings.valid_from <= dates.date_day
            and dates.date_day < openings.valid_to
            and openings.opens < openings.closes
    where openings.schedule_id = 'default'
    union
    select dates.date_day
    from dates
    where
        {{ days_between("cast(date_trunc('week', dates.date_day) as date)", 'dates.date_day') }} < 5
        and not exists (select 1 from openings where schedule_id = 'default')
),

calendar as (
    select
        dates.date_day,
        bounds.last_known_date,
        {{ period_start("'week'", 'dates.date_day') }} as week_start,
        {{ period_start("'month'", 'dates.date_day') }} as month_start,
        {{ period_start("'quarter'", 'dates.date_day') }} as quarter_start,
        {{ period_start("'year'", 'dates.date_day') }} as fiscal_year_start,
        {{ period_start("'month'", 'bounds.last_known_date') }} as known_month,
        {{ period_start("'quarter'", 'bounds.last_known_date') }} as known_quarter,
        {{ period_start("'year'", 'bounds.last_known_date') }} as known_year,
        working_days.date_day is not null as is_open,
        holidays.holiday_date is not null as is_holiday
    from dates
    cross join bounds
    left join working_days
        on dates.date_day = working_days.date_day
    left join holidays
        on dates.date_day = holidays.holiday_date
),

numbered as (
    select
        *,
        {{ days_between('week_start', 'date_day') }} + 1 as day_of_week,
        -- a week belongs to the year of its Thursday (ISO 8601)
        {{ add_days('week_start', 3) }} as thursday,
        extract(month from date_day) as month_number,
        extract(year from date_day) as calendar_year,
        -- a fiscal year is named after the calendar year in which it ends
        extract(year from {{ add_months('fiscal_year_start', 11) }}) as fiscal_year,
        {{ period_end("'month'", 'month_start') }} as next_month,
        {{ period_end("'quarter'", 'quarter_start') }} as next_quarter,
        {{ period_end("'year'", 'fiscal_year_start') }} as next_year,
        -- the newest period that is over: the running one where its last day is known
        case
            when {{ add_days('last_known_date', 1) }} = {{ period_end("'month'", 'known_month') }} then known_month
            else {{ add_months('known_month', -1) }}
        end as complete_month,
        case
            when {{ add_days('last_known_date', 1) }} = {{ period_end("'quarter'", 'known_quarter') }} then known_quarter
            else {{ add_months('known_quarter', -3) }}
        end as complete_quarter,
        case
            when {{ add_days('last_known_date', 1) }} = {{ period_end("'year'", 'known_year') }} then known_year
            else {{ add_months('known_year', -12) }}
        end as complete_year
    from calendar
),

counted as (
    select
        *,
        {{ days_between("cast(date_trunc('year', thursday) as date)", 'thursday') }} as days_before_thursday,
        (calendar_year * 12 + month_number)
        - (extract(year from fiscal_year_start) * 12 + extract(month from fiscal_year_start)) as fiscal_month
    from numbered
),

final as (
    select
        date_day,
        cast(calendar_year * 10000 + month_number * 100 + extract(day from date_day) as integer) as date_key,
        cast(day_of_week as integer) as day_of_week,
        case day_of_week
            {%- for day in days %}
            when {{ loop.index }} then '{{ day }}'
            {%- endfor %}
        end as day_name,
        cast(extract(day from date_day) as integer) as day_of_month,
        cast({{ days_between("cast(date_trunc('year', date_day) as date)", 'date_day') }} + 1 as integer) as day_of_year,
        day_of_week > 5 as is_weekend,
        is_holiday,
        is_open and not is_holiday as is_business_day,
        week_start,
        cast((days_before_thursday - mod(days_before_thursday, 7)) / 7 + 1 as integer) as week_number,
        cast(extract(year from thursday) as {{ api.Column.translate_type('string') }}) || '-W' || lpad(
            cast(cast((days_before_thursday - mod(days_before_thursday, 7)) / 7 + 1 as integer) as {{ api.Column.translate_type('string') }}), 2, '0'
        ) as week_label,
        month_start,
        cast(month_number as integer) as month_number,
        case month_number
            {%- for month in months %}
            when {{ loop.index }} then '{{ month }}'
            {%- endfor %}
        end as month_name,
        cast(calendar_year as {{ api.Column.translate_type('string') }}) || '-' || lpad(
            cast(month_number as {{ api.Column.translate_type('string') }}), 2, '0'
        ) as month_label,
        date_day = {{ add_days('next_month', -1) }} as is_month_end,
        cast(calendar_year as integer) as calendar_year,
        quarter_start,
        cast((fiscal_month - mod(fiscal_month, 3)) / 3 + 1 as integer) as quarter_number,
        '{{ prefix }}' || cast(fiscal_year as {{ api.Column.translate_type('string') }}) || '-Q' || cast(
            cast((fiscal_month - mod(fiscal_month, 3)) / 3 + 1 as integer) as {{ api.Column.translate_type('string') }}
        ) as quarter_label,
        date_day = {{ add_days('next_quarter', -1) }} as is_quarter_end,
        fiscal_year_start,
        cast(fiscal_year as integer) as fiscal_year,
        '{{ prefix }}' || cast(fiscal_year as {{ api.Column.translate_type('string') }}) as fiscal_year_label,
        cast(fiscal_month + 1 as integer) as fiscal_month_number,
        date_day = {{ add_days('next_year', -1) }} as is_fiscal_year_end,
        date_day <= last_known_date as is_known,
        cast({{ days_between('last_known_date', 'date_day') }} as integer) as days_from_as_of,
        cast(
            calendar_year * 12 + month_number
            - (extract(year from last_known_date) * 12 + extract(month from last_known_date)) as integer
        ) as months_from_as_of,
        month_start = known_month as is_current_month,
        quarter_start = known_quarter as is_current_quarter,
        fiscal_year_start = known_year as is_current_fiscal_year,
        month_start = complete_month as is_last_complete_month,
        quarter_start = complete_quarter as is_last_complete_quarter,
        fiscal_year_start = complete_year as is_last_complete_fiscal_year,
        month_start <= complete_month and month_start > {{ add_months('complete_month', -12) }} as is_last_12_complete_months,
        fiscal_year_start = known_year and date_day <= last_known_date as is_fiscal_year_to_date
    from counted
)

select * from final
order by date_day
