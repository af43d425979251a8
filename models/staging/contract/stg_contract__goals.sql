{{ stage('contract', 'goal') }}
