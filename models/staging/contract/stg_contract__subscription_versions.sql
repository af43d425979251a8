{{ stage('contract', 'subscription_version') }}
