{{ stage('contract', 'survey_invitation') }}
