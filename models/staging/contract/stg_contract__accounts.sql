{{ stage('contract', 'account') }}
