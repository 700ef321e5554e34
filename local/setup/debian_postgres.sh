#!/usr/bin/env bash
# Fetches Debian's PostgreSQL 15 with pg_cron and plpgsql_check into .local/debian-postgres. The tests of the schedule
# inside Postgres and of the bodies of SQL functions need them.
# shellcheck source=local/setup/debian.sh
source "$(dirname "$0")/debian.sh"

target=.local/debian-postgres
extensions=$target/usr/lib/postgresql/15/lib
left_out="The tests of pg_cron and plpgsql_check are"
# The extensions, then their server and the libraries that a Debian without a server may lack.
packages=(
    postgresql-15-cron postgresql-15-plpgsql-check
    postgresql-15 libicu72 libldap-2.5-0 libpq5 libsasl2-2 libxml2 libxslt1.1
)

works() {
    LD_LIBRARY_PATH="$1/usr/lib/$(uname -m)-linux-gnu" "$1/usr/lib/postgresql/15/bin/postgres" --version
}

[[ -e $extensions/pg_cron.so && -e $extensions/plpgsql_check.so ]] ||
    fetch "$target" "Debian's PostgreSQL 15, pg_cron and plpgsql_check" "${packages[@]}"
