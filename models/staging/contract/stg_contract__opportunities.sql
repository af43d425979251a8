{{ stage('contract', 'opportunity') }}
