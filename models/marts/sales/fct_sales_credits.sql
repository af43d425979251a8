-- grain: one row per won opportunity and the staff member credited with it, by split, else the owner at winning (contract 4.D4)
with

won as (
    select * from {{ ref('fct_opportunities') }}
    where outcome = 'won'
),

splits as (
    select * from {{ ref('int_opportunity_splits') }}
),

assignments as (
    select * from {{ ref('int_staff_assignments') }}
),

quotas as (
    select * from {{ ref('int_quotas') }}
),

shared as (
    select
        won.opportunity_id,
        won.account_id,
        won.opportunity_type,
        won.decided_at as won_at,
        won.decided_date as won_date,
        case when splits.opportunity_id is null then won.owner else splits.user_id end as user_id,
        {{ money('cast(won.amount as double) * coalesce(cast(splits.share as double), 1)') }} as amount
    from won
    left join splits
        on won.opportunity_id = splits.opportunity_id
),

under_quota as (
    select distinct shared.opportunity_id, shared.user_id
    from shared
    inner join quotas
        on
            shared.user_id = quotas.user_id
            and shared.won_date >= quotas.period_start
            and shared.won_date < quotas.period_end
),

-- Managers and SDRs carry no quota of their own, whatever their record says.
final as (
    select
        shared.opportunity_id,
        shared.account_id,
        shared.opportunity_type,
        shared.won_at,
        shared.won_date,
        shared.user_id as owner,
        shared.amount,
        coalesce(assignments.is_quota_carrying and assignments.role not in ('sdr', 'sales_manager'), false) as is_credited,
        under_quota.user_id is not null as has_quota,
        assignments.team,
        assignments.role
    from shared
    left join assignments
        on shared.user_id = assignments.user_id and shared.won_date between assignments.valid_from and assignments.valid_to
    left join under_quota
        on shared.opportunity_id = under_quota.opportunity_id and shared.user_id = under_quota.user_id
)

select * from final
