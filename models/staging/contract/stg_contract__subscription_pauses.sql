{{ stage('contract', 'subscription_pause') }}
