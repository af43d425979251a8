{{ stage('contract', 'invoice_line') }}
