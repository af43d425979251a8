-- grain: one row per month, customer and movement of its MRR, at constant currency (contract 4.A1)
with

months as (
    select *
    from {{ ref('fct_customer_periods') }}
    where grain = 'month'
),

moved as (
    select
        *,
        closing_amount - opening_cc_amount as change_amount
    from months
),

-- What is lost belongs to the member at opening, everything else to the member at closing.
movements as (
    select
        *,
        case
            when opening_cc_amount = 0 and closing_amount > 0 and is_first_paid_in_period then 'new'
            when opening_cc_amount = 0 and closing_amount > 0 then 'reactivation'
            when closing_amount = 0 and opening_cc_amount > 0 then 'churn'
            when change_amount > 0 then 'expansion'
            when change_amount < 0 then 'contraction'
        end as movement,
        abs(change_amount) as amount
    from moved

    union all

    select *, 'fx', opening_cc_amount - opening_amount
    from moved
    where opening_cc_amount <> opening_amount
),

-- An account that changes segment, owner or team takes its opening amount along: out of the old member, into the new one.
transfers as (
    {% for side, sign in [('opening', '-'), ('closing', '')] -%}
    select
        period_start as month_start,
        account_id,
        'transfer' as movement,
        cast({{ sign }}opening_amount as decimal(18, 4)) as amount,
        {{ side }}_segment as segment,
        {{ side }}_owner as owner,
        {{ side }}_team as team,
        industry,
        country,
        acquisition_channel,
        cohort_month
    from moved
    where
        opening_amount <> 0 and closing_amount > 0
        and (
            coalesce(opening_segment, '') <> coalesce(closing_segment, '')
            or coalesce(opening_owner, '') <> coalesce(closing_owner, '')
            or coalesce(opening_team, '') <> coalesce(closing_team, '')
        )
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        period_start as month_start,
        account_id,
        movement,
        cast(amount as decimal(18, 4)) as amount,
        case when closing_amount > 0 then closing_segment else opening_segment end as segment,
        case when closing_amount > 0 then closing_owner else opening_owner end as owner,
        case when closing_amount > 0 then closing_team else opening_team end as team,
        industry,
        country,
        acquisition_channel,
        cohort_month
    from movements
    where movement is not null
    union all
    select * from transfers
)

select * from final
