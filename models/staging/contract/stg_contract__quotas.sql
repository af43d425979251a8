{{ stage('contract', 'quota') }}
