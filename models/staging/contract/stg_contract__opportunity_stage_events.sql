{{ stage('contract', 'opportunity_stage_event') }}
