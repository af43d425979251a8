-- G-17: a cycle of merges fails the build. Correct merged_into_id of the records named here and deliver them again.
select 'account' as entity, account_id as record_id from {{ ref('int_account_keys') }} where is_cycle
union all
select 'lead', lead_id from {{ ref('int_lead_keys') }} where is_cycle
union all
select 'opportunity', opportunity_id from {{ ref('int_opportunity_keys') }} where is_cycle
union all
select 'ticket', ticket_id from {{ ref('int_ticket_keys') }} where is_cycle
