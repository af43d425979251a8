{{ stage('contract', 'feed_load') }}
