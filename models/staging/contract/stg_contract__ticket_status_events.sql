{{ stage('contract', 'ticket_status_event') }}
