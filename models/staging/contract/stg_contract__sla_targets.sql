{{ stage('contract', 'sla_target') }}
