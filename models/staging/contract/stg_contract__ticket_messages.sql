{{ stage('contract', 'ticket_message') }}
