{{ stage('contract', 'business_schedule') }}
