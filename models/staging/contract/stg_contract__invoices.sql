{{ stage('contract', 'invoice') }}
