#!/bin/sh
# Run once by the image of PostgreSQL when it makes the cluster: the login of the web application, which
# may read history and nothing else, and that of who seals and verifies. What the two roles may,
# `rowtrail upgrade` grants.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set web="$ROWTRAIL_WEB_PASSWORD" \
  --set night="$ROWTRAIL_NIGHT_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role rowtrail_reader nologin;
create role rowtrail_auditor nologin;
create role rowtrail_web login password :'web' in role rowtrail_reader;
create role rowtrail_night login password :'night' in role rowtrail_auditor, pg_read_all_data;
SQL
