-- grain: one row per Stripe customer
with

source as (
    {{ stripe_objects('customers') }}
),

typed as (
    select
        {{ typed('stripe', 'customers', 'id') }} as customer_id,
        {{ typed('stripe', 'customers', 'name') }} as name,
        {{ typed('stripe', 'customers', 'created') }} as created_at,
        {{ json_text(typed('stripe', 'customers', 'address'), '$.country') }} as country,
        nullif({{ json_text(typed('stripe', 'customers', 'metadata'), '$.crm_account_id') }}, '') as crm_account_id,
        coalesce({{ typed('stripe', 'customers', 'livemode') }}, true) as is_live,
        coalesce({{ typed('stripe', 'customers', 'deleted') }}, false) as is_deleted
    from source
),

-- The CRM's account is the customer; a customer that the CRM does not know is its own account.
renamed as (
    select
        customer_id,
        coalesce({{ salesforce_id('crm_account_id') }}, customer_id) as account_id,
        crm_account_id is not null as is_known_to_crm,
        name,
        created_at,
        country,
        is_live,
        is_deleted
    from typed
)

select * from renamed
