-- The truth: KPIs by the contract's definitions, from the company's own tables alone. Complete months only.

-- step: monthly recurring revenue
create table truth_months as
select * from months where end_at <= t1();

create table truth_version as
with gross as (
    select m, end_at, s.*
    from truth_months join paid_span as s on s.f < end_at and end_at <= s.t
    where s.k not in (select k from account where is_test)
),

discounted as (
    select
        gross.*,
        monthly - least(monthly, coalesce(case
            when percent_off is not null then monthly * percent_off / 100
            when amount_off is not null
                then amount_off / interval_months(billing) * monthly / sum(monthly) over (partition by m, gross.q)
        end, 0)) as native
    from gross left join discount
        on discount.q = gross.q and duration <> 'once' and starts_at < end_at and (ends_at is null or end_at <= ends_at)
)

select
    d.m, d.k, d.q, d.item, d.version, d.native, d.currency, cast(round(d.native * fx.rate, 4) as decimal(18, 4)) as amount
from discounted as d
join truth_months as tm using (m)
join fx on fx.currency = d.currency and fx.day = cast(tm.month_end - 1 as date);

-- Opening and closing of every customer of every month; the opening also at the closing's rate.
create table truth_customer_month as
with closing as (
    select m, k, sum(amount) as closing from truth_version group by all
),

opening as (
    select
        v.m + 1 as m, v.k, sum(v.amount) as opening, sum(cast(round(v.native * fx.rate, 4) as decimal(18, 4))) as opening_cc
    from truth_version as v
    join truth_months as tm on tm.m = v.m + 1
    join fx on fx.currency = v.currency and fx.day = cast(tm.month_end - 1 as date)
    group by all
)

select
    m, k, coalesce(opening, 0) as opening, coalesce(opening_cc, 0) as opening_cc, coalesce(closing, 0) as closing, first_paid_at,
    start_at
from closing full join opening using (m, k) join first_paid using (k) join truth_months using (m);

create table truth_movement as
select
    *,
    closing - opening_cc as change,
    opening_cc - opening as fx,
    case when opening = 0 and first_paid_at >= start_at then 'new' when opening = 0 then 'reactivation' when closing = 0 then 'churn'
        when closing > opening_cc then 'expansion' when closing < opening_cc then 'contraction' else 'none' end as movement
from truth_customer_month;

-- step: active customers
create table truth_active as
select distinct m, k
from (
    select m, k from truth_version where amount > 0
    union all
    select m, k
    from truth_months join valid_order
        on ordered_at < end_at and local_day(ordered_at) >= cast(month_end - 365 as date)
    where k not in (select k from account where is_test)
);

create table truth_first_paid as
from first_paid where k not in (select k from account where is_test);

-- step: the values
create table kpi_truth (kpi_id varchar, grain varchar, period_start date, numerator decimal(24, 6), denominator decimal(24, 6));

insert into kpi_truth
select kpi_id, 'month', month_start, coalesce(amount, 0), null
from truth_months cross join (values
    ('mrr'), ('new_mrr'), ('reactivation_mrr'), ('expansion_mrr'), ('contraction_mrr'), ('churned_mrr'), ('fx_mrr'), ('net_new_mrr')
) as ids (kpi_id)
left join (
    select m, kpi_id, sum(amount) as amount
    from (
        select m, 'mrr' as kpi_id, closing as amount from truth_movement
        union all
        select m, case movement when 'churn' then 'churned_mrr' else movement || '_mrr' end,
            abs(change) from truth_movement where movement <> 'none'
        union all
        select m, 'fx_mrr', fx from truth_movement
        union all
        select m, 'net_new_mrr', change from truth_movement
    )
    group by all
) as amounts using (m, kpi_id);

insert into kpi_truth
select 'arpa', 'month', month_start, coalesce(sum(closing), 0), count(*) filter (where closing > 0)
from truth_months left join truth_movement using (m)
group by month_start;

insert into kpi_truth
with openings as (
    select m + 1 as m, k from truth_active
),

counts as (
    select
        tm.m, tm.month_start,
        (select count(*) from truth_active as a where a.m = tm.m) as closing,
        (select count(*) from openings as o where o.m = tm.m) as opening,
        (select count(*) from openings as o join truth_active as a on a.m = o.m and a.k = o.k where o.m = tm.m) as kept
    from truth_months as tm
)

select 'active_customers', 'month', month_start, closing, null from counts
union all
select 'customer_churn_rate', 'month', month_start, opening - kept, opening from counts
union all
select 'customer_retention_rate', 'month', month_start, kept, opening from counts;

-- step: revenue
-- Net revenue by month: service spread evenly over its local days, everything else on its own day; refunds on theirs.
create table truth_revenue as
with billed as (
    select
        line.v, item, cast(amount - discounted as double) / case when line.currency = 'JPY' then 1 else 100 end as native,
        line.currency, local_day(issued_at) as sold_on,
        local_day(line.period_start) as service_start,
        case when price_type = 'recurring' then local_day(line.period_end) end as service_end
    from invoice_line as line join invoice using (v)
    where status in ('paid', 'open') and not is_test and issued_at is not null
),

parts as (
    select
        month_start, currency, sold_on,
        native * (least(service_end, month_end) - greatest(service_start, month_start)) / (service_end - service_start) as native
    from billed join truth_months on service_start < month_end and service_end > month_start
    where service_end > service_start
    union all
    select date_trunc('month', sold_on), currency, sold_on,
        native from billed where service_end is null or service_end <= service_start
    union all
    select date_trunc('month', local_day(ordered_at)), currency, local_day(ordered_at),
        cast(quantity * unit_price - discount as double)
    from purchase_line join (select p, k, status from purchase) using (p, k)
    where status in ('paid', 'fulfilled') and k not in (select k from account where is_test)
    union all
    select date_trunc('month', local_day(refunded_at)), currency, local_day(refunded_at), -cast(amount as double)
    from purchase_refund
    where k not in (select k from account where is_test)
    union all
    select date_trunc('month', local_day(refunded_at)), currency, local_day(refunded_at),
        -cast(refunded_net as double) / case when currency = 'JPY' then 1 else 100 end
    from invoice_refund
    where status = 'succeeded' and k not in (select k from account where is_test)
)

select month_start, cast(round(native * rate, 4) as decimal(18, 4)) as amount
from parts join fx on fx.currency = parts.currency and fx.day = sold_on;

insert into kpi_truth
with customers as (
    select tm.month_start,
        (select count(*) from truth_active as a where a.m = tm.m) + (select count(*) from truth_active as a where a.m = tm.m - 1) as both_ends
    from truth_months as tm
),

revenue as (
    select month_start, sum(amount) as amount from truth_revenue group by month_start
)

select 'arpu', 'month', month_start, coalesce(amount, 0), both_ends / 2
from customers left join revenue using (month_start);

-- step: acquisition and leads
insert into kpi_truth
with cost as (
    select
        date_trunc('month', spent_on) as month_start,
        sum(cast(round(cast(amount * share as double) * fx.rate, 4) as decimal(18, 4))) as amount
    from spending join fx on fx.currency = spending.currency and fx.day = spending.spent_on
    where function in ('sales', 'marketing')
    group by all
),

won_over as (
    select date_trunc('month', local_day(first_paid_at)) as month_start, count(*) as customers
    from truth_first_paid
    group by all
)

select kpi_id, 'month', month_start, coalesce(case when kpi_id = 'new_customers' then customers else amount end, 0),
    case when kpi_id = 'new_customers' then null else coalesce(customers, 0) end
from truth_months left join cost using (month_start) left join won_over using (month_start),
    (values ('customer_acquisition_cost'), ('new_customers')) as ids (kpi_id);

create table truth_lead as
with eligible as (
    select l, k, created_at, converted_at
    from lead
    where not is_test and not is_spam and not is_deleted
        and not exists (
            select 1 from paid_span as s where s.k = lead.k and lead.converted_at is not null and s.f <= lead.created_at and lead.created_at < s.t
        )
        and not exists (
            select 1 from valid_order as o
            where o.k = lead.k and lead.converted_at is not null and o.ordered_at < lead.created_at
                and local_day(o.ordered_at) >= cast(local_day(lead.created_at) - 365 as date)
        )
),

ranked as (
    select
        *, case when converted_at is null then null else row_number() over (partition by k, converted_at is null order by created_at, l) end as place
    from eligible
)

select
    ranked.*,
    coalesce(place = 1 and first_paid_at >= created_at and local_day(first_paid_at) <= cast(local_day(created_at) + 90 as date), false) as is_converted
from ranked left join first_paid using (k);

insert into kpi_truth
select 'lead_to_customer_rate', 'month', month_start, count(*) filter (where is_converted), count(l)
from truth_months left join truth_lead on date_trunc('month', local_day(truth_lead.created_at)) = month_start
group by month_start;

-- step: sales
create table truth_deal as
select
    o, type, is_won, closed_at, created_at,
    epoch(closed_at) - epoch(created_at) as cycle_seconds,
    cast(round(coalesce(amount, 0) * fx.rate, 4) as decimal(18, 4)) as amount,
    date_trunc('month', local_day(closed_at)) as month_start,
    not is_won and coalesce(loss_reason in ('Duplicate', 'Created in Error'), false) as is_void
from opportunity_state
join fx on fx.currency = opportunity_state.currency and fx.day = local_day(closed_at)
where is_closed and not is_deleted and not is_test and type <> 'Renewal';

insert into kpi_truth
select
    kpi_id, 'month', month_start,
    case kpi_id
        when 'win_rate' then count(o) filter (where is_won)
        when 'win_rate_value' then coalesce(sum(amount) filter (where is_won), 0)
        else coalesce(sum(cast(cycle_seconds as decimal(24, 6))) filter (where is_won and cycle_seconds >= 0), 0) / 86400 end,
    case kpi_id
        when 'win_rate' then count(o) filter (where not is_void)
        when 'win_rate_value' then coalesce(sum(amount) filter (where not is_void), 0)
        else count(o) filter (where is_won and cycle_seconds >= 0) end
from truth_months cross join (values ('win_rate'), ('win_rate_value'), ('sales_cycle_length')) as ids (kpi_id)
left join truth_deal using (month_start)
group by kpi_id, month_start;

-- step: service
create table truth_ticket as
with reply as (
    select t, min(happened_at) as first_reply_at from ticket_message where author = 'agent' and is_public and seq >= 10 group by t
),

-- Entries into solved or closed from another status: solved then closed is one.
ordered as (
    select *, lag(status) over (partition by t order by seq) as previous from ticket_status
),

solved as (
    select t, max(happened_at) as last_solved_at
    from ordered
    where status in ('solved', 'closed') and coalesce(previous, '') not in ('solved', 'closed')
    group by t
)

select
    t, submitter, schedule_id, created_at, first_reply_at,
    case when status in ('solved', 'closed') then last_solved_at end as resolved_at
from (select t, submitter, case when country = 'US' then 'us_support' else 'standard' end as schedule_id, created_at from ticket where not is_spam and not is_deleted and not is_test)
left join (select t, first_reply_at from reply) using (t)
left join solved using (t)
join (select t, status from ticket_state) using (t);

-- Business minutes: what lies of [created, replied) within the opening hours of the ticket's schedule, day by day.
create table truth_business_response as
with days as (
    select
        t, created_at, first_reply_at,
        timezone('UTC', timezone(time_zone, cast(day + cast(opens as time) as timestamp))) as opens_at,
        timezone('UTC', timezone(time_zone, cast(day + cast(closes as time) as timestamp))) as closes_at
    from truth_ticket
    join schedule using (schedule_id)
    join calendar on isodow(day) < 6
        and day between cast(timezone(time_zone, timezone('UTC', created_at)) as date) and cast(timezone(time_zone, timezone('UTC', first_reply_at)) as date)
    where submitter = 'customer' and first_reply_at >= created_at
        and not exists (select 1 from holiday where holiday.schedule_id = schedule.schedule_id and holiday_date = day)
)

select t, sum(greatest(0, epoch(least(closes_at, first_reply_at)) - epoch(greatest(opens_at, created_at)))) as open_seconds
from days
group by t;

insert into kpi_truth
select
    'first_response_time_business', 'month', month_start, coalesce(sum(cast(coalesce(open_seconds, 0) as decimal(24, 6))), 0) / 60,
    count(t)
from truth_months left join (truth_ticket left join truth_business_response using (t))
    on date_trunc('month', local_day(first_reply_at)) = month_start and submitter = 'customer' and first_reply_at >= created_at
group by month_start;

insert into kpi_truth
select 'first_response_time', 'month', month_start,
    coalesce(sum(cast(epoch(first_reply_at) - epoch(created_at) as decimal(24, 6))), 0) / 60, count(t)
from truth_months left join truth_ticket
    on date_trunc('month', local_day(first_reply_at)) = month_start and submitter = 'customer' and first_reply_at >= created_at
group by month_start
union all
select 'average_resolution_time', 'month', month_start,
    coalesce(sum(cast(epoch(resolved_at) - epoch(created_at) as decimal(24, 6))), 0) / 60, count(t)
from truth_months left join truth_ticket on date_trunc('month', local_day(resolved_at)) = month_start
group by month_start;

-- step: surveys
create table truth_response as
with answers as (
    select
        'nps' as kind, score, 'contact ' || k || '/' || contact_no as voice, responded_at, a as tie
    from response
    where kind = 'nps' and not is_test and not is_deleted and score between 0 and 10
    union all
    select 'csat', case when score >= 4 then 1 else 0 end, 'contact ' || k || '/' || contact_no, responded_at, a
    from response
    where kind = 'csat' and not is_test and not is_deleted and score between 1 and 5
    union all
    -- A revision turns the answer round.
    select 'csat', case when is_good = (revised_at is null) then 1 else 0 end, 'ticket ' || t, coalesce(revised_at, answered_at),
        t * 2 + seq
    from rating
    where answered_at is not null
),

ranked as (
    select
        *, date_trunc('month', local_day(responded_at)) as month_start,
        row_number() over (partition by kind, voice, date_trunc('month', local_day(responded_at)) order by responded_at desc, tie desc) as place
    from answers
)

from ranked where place = 1;

insert into kpi_truth
with counts as (
    select
        month_start,
        count(*) filter (where kind = 'nps') as responses,
        count(*) filter (where kind = 'nps' and score >= 9) as promoters,
        count(*) filter (where kind = 'nps' and score between 7 and 8) as passives,
        count(*) filter (where kind = 'nps' and score <= 6) as detractors,
        count(*) filter (where kind = 'csat') as ratings,
        count(*) filter (where kind = 'csat' and score = 1) as satisfied
    from truth_response
    group by month_start
)

select
    kpi_id, 'month', month_start,
    coalesce(case kpi_id when 'net_promoter_score' then promoters - detractors when 'nps_promoters' then promoters
        when 'nps_passives' then passives when 'nps_detractors' then detractors else satisfied end, 0),
    case kpi_id when 'net_promoter_score' then coalesce(responses, 0) when 'customer_satisfaction_score' then coalesce(ratings, 0) end
from truth_months left join counts using (month_start), (values
    ('net_promoter_score'), ('nps_promoters'), ('nps_passives'), ('nps_detractors'), ('customer_satisfaction_score')
) as ids (kpi_id);

-- step: what follows from the tables above
insert into kpi_truth
select 'arr', 'month', period_start, numerator * 12, null from kpi_truth where kpi_id = 'mrr'
union all
select 'quick_ratio', 'month', gains.period_start, gains.numerator + more.numerator, churned.numerator + less.numerator
from kpi_truth as gains
join kpi_truth as more on more.kpi_id = 'expansion_mrr' and more.period_start = gains.period_start
join kpi_truth as churned on churned.kpi_id = 'churned_mrr' and churned.period_start = gains.period_start
join kpi_truth as less on less.kpi_id = 'contraction_mrr' and less.period_start = gains.period_start
where gains.kpi_id = 'new_mrr'
union all
select 'net_revenue_retention', 'month', month_start, coalesce(sum(closing) filter (where opening > 0), 0),
    coalesce(sum(opening_cc), 0)
from truth_months left join truth_customer_month using (m)
group by month_start
union all
select 'gross_revenue_retention', 'month', month_start, coalesce(sum(least(closing, opening_cc)), 0), coalesce(sum(opening_cc), 0)
from truth_months left join truth_customer_month using (m)
group by month_start
union all
select 'average_deal_size', 'month', month_start, coalesce(sum(amount) filter (where is_won), 0), count(o) filter (where is_won)
from truth_months left join truth_deal using (month_start)
group by month_start;

insert into kpi_truth
with orders as (
    select
        p, valid.k, date_trunc('month', local_day(valid.ordered_at)) as month_start,
        sum(cast(round(cast(quantity * unit_price - discount as double) * rate, 4) as decimal(18, 4))) as amount
    from valid_order as valid join purchase_line using (p)
    join fx on fx.currency = purchase_line.currency and fx.day = local_day(valid.ordered_at)
    where valid.k not in (select k from account where is_test)
    group by all
)

select kpi_id, 'month', month_start,
    case kpi_id when 'average_order_value' then coalesce(sum(amount), 0) else count(p) end,
    case kpi_id when 'average_order_value' then count(p) else count(distinct k) end
from truth_months cross join (values ('average_order_value'), ('purchase_frequency')) as ids (kpi_id) left join orders using (month_start)
group by kpi_id, month_start;
