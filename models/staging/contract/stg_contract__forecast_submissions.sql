{{ stage('contract', 'forecast_submission') }}
