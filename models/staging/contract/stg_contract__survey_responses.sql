{{ stage('contract', 'survey_response') }}
