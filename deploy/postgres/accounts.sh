#!/bin/sh
# Runs once, when the data directory is made: the record and Rasa's trackers get a database and an account each. Neither
# is a superuser and neither reaches the other's database. What is there already stays.
# Needs POSTGRES_USER (the superuser), RECORD_DB_PASSWORD and TRACKER_DB_PASSWORD.
set -eu
psql --no-psqlrc --quiet --tuples-only --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set record_password="$RECORD_DB_PASSWORD" --set tracker_password="$TRACKER_DB_PASSWORD" <<'SQL'
SELECT format('CREATE ROLE switchboard LOGIN PASSWORD %L', :'record_password')
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'switchboard') \gexec
SELECT format('CREATE ROLE rasa LOGIN PASSWORD %L', :'tracker_password')
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rasa') \gexec
SELECT 'CREATE DATABASE switchboard OWNER switchboard'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'switchboard') \gexec
SELECT 'CREATE DATABASE rasa OWNER rasa'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'rasa') \gexec
REVOKE ALL ON DATABASE switchboard FROM PUBLIC;
REVOKE ALL ON DATABASE rasa FROM PUBLIC;
SQL
