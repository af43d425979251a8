{{ stage('contract', 'referral') }}
