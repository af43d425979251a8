-- grain: one row per user
with

source as (
    {{ salesforce_records('User') }}
),

role_map as (
    select * from {{ ref('salesforce_role_map') }}
),

typed as (
    select
        {{ typed('salesforce', 'User', 'Id') }} as id,
        {{ typed('salesforce', 'User', 'Name') }} as name,
        {{ typed('salesforce', 'User', 'Email') }} as email,
        coalesce({{ typed('salesforce', 'User', 'UserRole') }}, {{ typed('salesforce', 'User', 'UserRole.Name') }}) as role_name,
        coalesce({{ typed('salesforce', 'User', 'Team__c') }}, {{ typed('salesforce', 'User', 'Department') }}) as team,
        {{ typed('salesforce', 'User', 'UserType') }} as user_type,
        coalesce({{ typed('salesforce', 'User', 'IsActive') }}, false) as is_active
    from source
),

renamed as (
    select
        {{ salesforce_id('typed.id') }} as user_id,
        typed.name,
        typed.email,
        role_map.role,
        lower(trim(typed.role_name)) as role_name,
        typed.team,
        coalesce(typed.user_type in ('AutomatedProcess', 'CloudIntegrationUser'), false) as is_bot,
        typed.is_active
    from typed
    left join role_map
        on lower(trim(typed.role_name)) = role_map.role_name
)

select * from renamed
