{{ stage('contract', 'ticket') }}
