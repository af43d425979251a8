{{ stage('contract', 'opportunity_split') }}
