{{ stage('contract', 'expense') }}
