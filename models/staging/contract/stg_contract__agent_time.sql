{{ stage('contract', 'agent_time') }}
