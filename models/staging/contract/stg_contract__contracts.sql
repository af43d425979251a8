{{ stage('contract', 'contract') }}
