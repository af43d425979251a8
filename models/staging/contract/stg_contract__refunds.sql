{{ stage('contract', 'refund') }}
