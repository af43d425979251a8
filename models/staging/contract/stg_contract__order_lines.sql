{{ stage('contract', 'order_line') }}
