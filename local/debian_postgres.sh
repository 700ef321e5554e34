#!/usr/bin/env bash
# Fetches Debian's PostgreSQL 15 with pg_cron into .local/debian-postgres, for the tests of the schedule inside Postgres.
# Nothing is installed and no root is needed: packages are downloaded and unpacked. Where that cannot be done it says why
# and ends well; the tests that need it are then left out.
set -euo pipefail
cd "$(dirname "$0")/.."

TARGET=.local/debian-postgres
# The server, its extension, and those libraries that a Debian without a server may lack.
PACKAGES=(
    postgresql-15 postgresql-15-cron libicu72 libldap-2.5-0 libpq5 libsasl2-2 libxml2 libxslt1.1
)

leave_out() {
    echo "The tests of pg_cron are left out: $*."
    exit 0
}

[[ ! -e $TARGET/usr/lib/postgresql/15/lib/pg_cron.so ]] || exit 0
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    leave_out "this is not a Debian"
fi
apt-cache show postgresql-15-cron >/dev/null 2>&1 ||
    leave_out "apt knows no postgresql-15-cron here (it is Debian 12's; 'apt-get update' may help)"

echo "Fetching Debian's PostgreSQL 15 and pg_cron for the tests"
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
mv "$draft" "$TARGET"
