{{ stage('contract', 'subscription') }}
