{{ stage('contract', 'handle_segment') }}
