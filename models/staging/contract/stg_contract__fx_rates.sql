{{ stage('contract', 'fx_rate') }}
