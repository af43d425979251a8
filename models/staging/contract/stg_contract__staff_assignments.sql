{{ stage('contract', 'staff_assignment') }}
