-- Exports of the CRM.

-- export: User | salesforce
select
    'User' as _file, i as _ord, user_id as "Id", name as "Name", email as "Email", user_role as "UserRole",
    case user_role when 'Marketing Manager' then 'Marketing' when 'Integration' then 'IT' else 'Sales' end as "Department",
    team as "Team__c",
    case user_role when 'Integration' then 'AutomatedProcess' else 'Standard' end as "UserType",
    left_on is null as "IsActive", salesforce_at(cast(joined_on as timestamp)) as "CreatedDate",
    salesforce_at(coalesce(cast(left_on as timestamp), joined_on + to_days(1))) as "SystemModstamp"
from sales_staff;

-- export: Account | salesforce
with records as (
    select k, account_id as id, cast(null as varchar) as master_id, created_at, is_deleted, is_test, 0 as j,
        before_end(coalesce(first_paid_at, created_at) + to_days(1)) as modified_at, first_paid_at is not null as is_customer,
        segment, country, industry, channel, owner_id
    from account left join first_paid using (k)
    union all
    -- Duplicates that were merged: the last of a chain into the one before, the first into the survivor.
    select k, known_as[j + 1], known_as[j], created_at + to_days(cast(j as integer)), true, false, j,
        before_end(created_at + to_days(cast(20 - j as integer))), false,
        segment, country, industry, channel, owner_id
    from account, range(1, 3) as series (j)
    where j <= shells and created_at + to_days(cast(j as integer)) < t1()
    union all
    -- Duplicates nobody has merged: nothing hangs on them.
    select k, salesforce_id('001', 4000000000 + k), null, before_end(created_at + to_days(9)), false, false, 9,
        before_end(created_at + to_days(9)), false,
        segment, country, industry, channel, owner_id
    from account
    where u(k, 'unmerged') < 0.015
)

select
    case when copy = 3 then 'Account_updates_' || year(modified_at) else 'Account_' || half_of(created_at) end as _file,
    lpad(cast(k * 10 + j as varchar), 12, '0') || copy as _ord,
    id as "Id", is_deleted and copy <> 0 as "IsDeleted", case when copy <> 0 then master_id end as "MasterRecordId",
    company_name(k) || case when j > 0 then ' (2)' else '' end as "Name",
    case when is_customer and copy <> 0 then 'Customer' else 'Prospect' end as "Type", country as "BillingCountry",
    industry as "Industry",
    segment as "Segment__c", channel as "AccountSource",
    case segment when 'SMB' then 5 + k % 45 when 'Mid-Market' then 60 + k % 400 else 1000 + k % 9000 end as "NumberOfEmployees",
    'https://www.kunde-' || k || '.example' as "Website",
    case when u(k, 'describes') < 0.2 then 'Key contact prefers e-mail.' || chr(10) || 'Says: "call before noon", then waits.' end as "Description",
    owner_id as "OwnerId", is_test as "Is_Test__c", salesforce_at(created_at) as "CreatedDate",
    salesforce_at(case when copy = 0 then created_at else modified_at end) as "LastModifiedDate",
    salesforce_at(case when copy = 0 then created_at else modified_at end) as "SystemModstamp"
from records, (values (0), (1), (2), (3)) as copies (copy)
-- 0: an early state, followed by 3, the update. 1: the only state. 2: the same line delivered twice.
where is_delivered(copy, u(k, 'account update'), 0.06, 0.01);

-- export: Contact | salesforce
select
    'Contact_' || half_of(created_at) as _file, k * 10 + c as _ord, salesforce_id('003', k * 10 + c) as "Id", false as "IsDeleted",
    cast(null as varchar) as "MasterRecordId", known_id(known_as, k * 10 + c, 'contact account') as "AccountId",
    first_name(u(k * 10 + c, 'first')) as "FirstName", last_name(u(k * 10 + c, 'last')) as "LastName",
    ascii_of(first_name(u(k * 10 + c, 'first'))) || '.' || ascii_of(last_name(u(k * 10 + c, 'last'))) || '@kunde-' || k || '.example' as "Email",
    '+49 30 ' || (5550000 + (k * 10 + c) % 9999) as "Phone",
    pick(['CFO', 'Head of IT', 'Buyer', 'Operations, EMEA', null], u(k * 10 + c, 'title')) as "Title",
    owner_id as "OwnerId", salesforce_at(created_at) as "CreatedDate", salesforce_at(created_at) as "SystemModstamp"
from account, range(1, 3) as series (c);

-- export: Lead | salesforce
with records as (
    select l, 0 as j, lead_id as id, cast(null as varchar) as master_id, created_at, channel, converted_at, known_as, k, country,
        is_test, is_spam,
        is_deleted, campaign_no, first_touched_at, part,
        before_end(greatest(created_at + to_hours(1), coalesce(converted_at, created_at) + to_minutes(5))) as modified_at
    from lead
    union all
    select l, j, salesforce_id('00Q', 5000000000 + l * 10 + j),
        case j when 1 then lead_id else salesforce_id('00Q', 5000000000 + l * 10 + 1) end,
        created_at + to_hours(j), channel, null, null, null, country, is_test, is_spam, true, campaign_no, null, part,
            before_end(created_at + to_days(2))
    from lead, range(1, 3) as series (j)
    where j <= shells and created_at + to_hours(j) < t1()
)

select
    case when copy = 3 then 'Lead_updates_' || half_of(modified_at) else 'Lead_' || half_of(created_at) end as _file,
    lpad(cast(l * 10 + j as varchar), 14, '0') || copy as _ord,
    id as "Id", is_deleted and copy <> 0 as "IsDeleted", case when copy <> 0 then master_id end as "MasterRecordId",
    first_name(u(l, 'lead first')) as "FirstName", last_name(u(l, 'lead last')) as "LastName",
    company_name(coalesce(k, 7000000 + l)) as "Company",
    ascii_of(first_name(u(l, 'lead first'))) || '.' || ascii_of(last_name(u(l, 'lead last')))
    || case when is_test then '@lindenhof.example' when k is not null then '@kunde-' || k || '.example' else l || '@mail.example' end as "Email",
    '+49 170 ' || (1000000 + l % 8999999) as "Phone",
    coalesce(country, pick(['DE', 'DE', 'AT', 'FR', 'US', 'GB'], u(l, 'lead country'))) as "Country",
    case when converted_at is not null and copy <> 0 then 'Closed - Converted' when copy = 0 or first_touched_at is null then 'Open - Not Contacted'
        when u(l, 'disqualified') < 0.4 then 'Closed - Not Converted' else 'Working - Contacted' end as "Status",
    channel as "LeadSource",
    case when u(l, 'writes') < 0.1 then 'Asked: "Do you integrate with SAP?",' || chr(13) || chr(10) || 'wants a demo; soon.' end as "Description",
    rep_id(l, 'lead owner') as "OwnerId", salesforce_at(created_at) as "CreatedDate",
    converted_at is not null and copy <> 0 as "IsConverted",
    case when copy <> 0 then local_day(converted_at) end as "ConvertedDate",
    case when copy <> 0 then salesforce_at(converted_at) end as "Converted_At__c",
    case when copy <> 0 and converted_at is not null then known_id(known_as, l, 'converted account') end as "ConvertedAccountId",
    case when copy <> 0 and converted_at is not null then salesforce_id('003', k * 10 + 1) end as "ConvertedContactId",
    case when copy <> 0 and converted_at is not null and part = 'primary' and k in (select k from new_business)
        then salesforce_id('006', 1000 + k * 100) end as "ConvertedOpportunityId",
    case when campaign_no is not null then salesforce_id('701', 100 + campaign_no) end as "Campaign_Id__c",
    case when copy <> 0 then salesforce_at(first_touched_at) end as "First_Touched_At__c",
    case when j = 0 and u(l, 'is referred') < 0.05 and created_at > t0() + to_days(2) then 'ref_' || lpad(cast(l as varchar), 9, '0') end as "Referral_Id__c",
    is_test as "Is_Test__c", is_spam as "Is_Spam__c",
    salesforce_at(case when copy = 0 then created_at else modified_at end) as "SystemModstamp"
from records, (values (0), (1), (2), (3)) as copies (copy)
where is_delivered(copy, u(l, 'lead update'), 0.08, 0.008);

-- export: Opportunity | salesforce
with records as (
    select *, before_end(greatest(changed_at, created_at) + to_minutes(1)) as modified_at from opportunity_state
)

select
    case when copy = 3 then 'Opportunity_updates_' || half_of(modified_at) else 'Opportunity_' || half_of(created_at) end as _file,
    lpad(cast(o as varchar), 14, '0') || copy as _ord,
    opportunity_id as "Id", is_deleted and copy <> 0 as "IsDeleted", known_id(known_as, o, 'opportunity account') as "AccountId",
    company_name(k) || ' - ' || type as "Name", case when copy = 0 then 'Prospecting' else stage end as "StageName",
    amount as "Amount", currency as "CurrencyIsoCode",
    probability_of(case when copy = 0 then 'Prospecting' else stage end) as "Probability",
    case when is_closed and copy <> 0 then local_day(closed_at)
        else cast(local_day(begun_at) + 30 + cast(floor(90 * u(o, 'expected')) as integer) as date) end as "CloseDate",
    type as "Type",
    case when (not is_closed or copy = 0) and u(o, 'next step') < 0.8 then pick(['Send offer, then call', 'Demo with IT', 'Contract review;' || chr(10) || 'legal asks back', 'Budget talk'], u(o, 'step')) end as "NextStep",
    channel as "LeadSource", is_closed and copy <> 0 as "IsClosed", is_won and copy <> 0 as "IsWon",
    forecast_of(case when copy = 0 then 'Prospecting' else stage end) as "ForecastCategory",
    case when u(o, 'opportunity campaign') < 0.3 then salesforce_id('701', 101 + cast(floor(n_campaigns() * u(o, 'which')) as bigint)) end as "CampaignId",
    owner_id as "OwnerId", salesforce_at(created_at) as "CreatedDate",
    case when copy <> 0 then local_day(before_end(changed_at + days_of(20 * u(o, 'active')))) end as "LastActivityDate",
    case when copy <> 0 and stage = 'Closed Lost' then loss_reason end as "Loss_Reason__c",
    salesforce_at(case when copy = 0 then created_at else modified_at end) as "SystemModstamp"
from records, (values (0), (1), (2), (3)) as copies (copy)
where is_delivered(copy, u(o, 'deal update'), 0.08, 0.008);

-- export: OpportunityHistory | salesforce
select
    'OpportunityHistory_' || half_of(happened_at) as _file, o * 100 + seq * 2 + copy - 1 as _ord,
    salesforce_id('008', o * 100 + seq) as "Id", opportunity_id as "OpportunityId", event.stage as "StageName",
    case when seq < 4 and type <> 'Renewal' then cast(round(amount * 0.9) as decimal(18, 2)) else amount end as "Amount",
    currency as "CurrencyIsoCode",
    case when event.stage like 'Closed%' then local_day(happened_at)
        else cast(local_day(begun_at) + 30 + cast(floor(90 * u(o, 'expected')) as integer) as date) end as "CloseDate",
    probability_of(event.stage) as "Probability",
    forecast_of(event.stage) as "ForecastCategory",
    salesforce_at(happened_at) as "CreatedDate", owner_id as "CreatedById", is_deleted as "IsDeleted",
    salesforce_at(happened_at) as "SystemModstamp"
from stage_event as event join opportunity_state as deal using (o), (values (1), (2)) as copies (copy)
where copy = 1 or u(o * 100 + seq, 'history twice') < 0.004;

-- export: Campaign | salesforce
select
    'Campaign' as _file, c as _ord, campaign_id as "Id", channel || ' ' || year(start_date) || ' #' || c as "Name",
    channel as "Type", is_paid as "IsPaid__c",
    case when end_date < d1() - 1 then 'Completed' else 'In Progress' end as "Status", start_date as "StartDate",
    end_date as "EndDate",
    5000 + 1000 * (c % 9) as "BudgetedCost", 'EUR' as "CurrencyIsoCode", end_date >= d1() - 1 as "IsActive",
    salesforce_at(cast(start_date as timestamp)) as "CreatedDate", false as "IsDeleted",
    salesforce_at(cast(start_date as timestamp)) as "SystemModstamp"
from campaign;

-- export: CampaignMember | salesforce
select
    'CampaignMember_' || half_of(created_at) as _file, l as _ord, salesforce_id('00v', l) as "Id",
    salesforce_id('701', 100 + campaign_no) as "CampaignId", lead_id as "LeadId",
    case when converted_at is not null then salesforce_id('003', k * 10 + 1) end as "ContactId",
    case when u(l, 'responds') < 0.5 then 'Responded' else 'Sent' end as "Status", salesforce_at(created_at) as "CreatedDate",
    false as "IsDeleted",
    salesforce_at(created_at) as "SystemModstamp"
from lead
where campaign_no is not null;

-- export: Case | salesforce
select
    'Case' as _file, k as _ord, salesforce_id('500', k) as "Id", lpad(cast(k as varchar), 8, '0') as "CaseNumber",
    account_id as "AccountId",
    salesforce_id('003', k * 10 + 1) as "ContactId", 'Question about "invoice", old system' as "Subject", 'Closed' as "Status",
    pick(['Low', 'Medium', 'High'], u(k, 'case priority')) as "Priority",
    pick(['Email', 'Phone', 'Web'], u(k, 'case origin')) as "Origin",
    salesforce_at(created_at + to_hours(1)) as "CreatedDate", salesforce_at(created_at + to_hours(30)) as "ClosedDate",
    false as "IsDeleted",
    salesforce_at(created_at + to_hours(30)) as "SystemModstamp"
from account
where is_initial and u(k, 'old case') < 0.4 and created_at + to_hours(30) < t1();

-- export: Task | salesforce
with tasks as (
    select l as x, lead_id as who_id, cast(null as varchar) as what_id, rep_id(l, 'lead owner') as owner_id,
        first_touched_at as done_at, 'Call' as subject
    from lead where first_touched_at is not null
    union all
    select 10000000000 + o * 100 + seq, salesforce_id('003', k * 10 + 1), opportunity_id, owner_id, happened_at,
        'Follow-up: ' || event.stage
    from stage_event as event join opportunity using (o)
)

select
    'Task_' || half_of(done_at) as _file, x as _ord, salesforce_id('00T', x) as "Id", who_id as "WhoId", what_id as "WhatId",
    owner_id as "OwnerId", subject as "Subject",
    local_day(done_at) as "ActivityDate", 'Completed' as "Status", salesforce_at(done_at) as "CreatedDate", false as "IsDeleted",
    salesforce_at(done_at) as "SystemModstamp"
from tasks;
