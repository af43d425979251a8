{{ stage('contract', 'inventory_value') }}
