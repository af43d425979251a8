{{ stage('contract', 'purchases') }}
