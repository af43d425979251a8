{{ stage('contract', 'lead') }}
