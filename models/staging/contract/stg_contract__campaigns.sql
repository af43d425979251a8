{{ stage('contract', 'campaign') }}
