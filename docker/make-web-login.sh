#!/bin/sh
# Run once by the image of PostgreSQL when it makes the cluster: the login of the web application.
# It may read history, which `rowtrail upgrade` grants to rowtrail_reader, and nothing else.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set password="$ROWTRAIL_WEB_PASSWORD" \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role rowtrail_reader nologin;
create role rowtrail_web login password :'password' in role rowtrail_reader;
SQL
