{{ stage('contract', 'opportunity_snapshot') }}
