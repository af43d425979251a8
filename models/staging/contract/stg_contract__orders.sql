{{ stage('contract', 'order') }}
