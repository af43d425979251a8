{{ stage('contract', 'subscription_discount') }}
