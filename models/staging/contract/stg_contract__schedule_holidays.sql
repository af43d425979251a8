{{ stage('contract', 'schedule_holiday') }}
