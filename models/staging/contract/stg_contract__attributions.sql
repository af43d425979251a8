{{ stage('contract', 'attribution') }}
