{{ stage('contract', 'product_cost') }}
