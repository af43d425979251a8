{{ stage('contract', 'contact') }}
