{{ stage('contract', 'staff') }}
