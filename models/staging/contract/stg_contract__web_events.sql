{{ stage('contract', 'web_event') }}
