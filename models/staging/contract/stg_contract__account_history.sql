{{ stage('contract', 'account_history') }}
