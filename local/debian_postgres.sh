#!/usr/bin/env bash
# Fetches Debian's PostgreSQL 15 with pg_cron and plpgsql_check into .local/debian-postgres, for the tests of the schedule
# inside Postgres and of the SQL functions' bodies.
# Nothing is installed and no root is needed: packages are downloaded and unpacked. Where that cannot be done it says why
# and ends well; the tests that need it are then left out.
set -euo pipefail
cd "$(dirname "$0")/.."

TARGET=.local/debian-postgres
# The server, its extensions, and those libraries that a Debian without a server may lack.
PACKAGES=(
    postgresql-15 postgresql-15-cron postgresql-15-plpgsql-check
    libicu72 libldap-2.5-0 libpq5 libsasl2-2 libxml2 libxslt1.1
)
EXTENSIONS=$TARGET/usr/lib/postgresql/15/lib

leave_out() {
    echo "The tests of pg_cron and plpgsql_check are left out: $*."
    exit 0
}

[[ ! -e $EXTENSIONS/pg_cron.so || ! -e $EXTENSIONS/plpgsql_check.so ]] || exit 0
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    leave_out "this is not a Debian"
fi
for package in postgresql-15-cron postgresql-15-plpgsql-check; do
    apt-cache show "$package" >/dev/null 2>&1 ||
        leave_out "apt knows no $package here (it is Debian 12's; 'apt-get update' may help)"
done

echo "Fetching Debian's PostgreSQL 15, pg_cron and plpgsql_check for the tests"
mkdir -p .local
draft=$(mktemp -d .local/debian-postgres.XXXXXX)
trap 'rm -rf "$draft"' EXIT
chmod 755 "$draft"
(cd "$draft" && apt-get download "${PACKAGES[@]}" >log 2>&1) ||
    leave_out "apt-get could not download them ($(tail -n 1 "$draft/log"))"
for package in "$draft"/*.deb; do
    dpkg -x "$package" "$draft"
done
rm -f "$draft"/*.deb "$draft/log"
libraries="$draft/usr/lib/$(uname -m)-linux-gnu"
LD_LIBRARY_PATH=$libraries "$draft/usr/lib/postgresql/15/bin/postgres" --version >/dev/null ||
    leave_out "the server does not start here"
rm -rf "$TARGET"  # from before an extension was added
mv "$draft" "$TARGET"
