#!/usr/bin/env bash
# Checks formatting, types, SQL and shell; runs every check even after one has failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
export PATH="$PWD/.venv/bin:$PATH"
status=0

check() {
    printf '%s\n' "$1"
    "${@:2}" || status=1
}

mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' '.ci/run')
check 'ruff check' ruff check --quiet
check 'ruff format' ruff format --quiet --check
check 'basedpyright' basedpyright --level error
check 'squawk' squawk --reporter gcc supabase/migrations/*.sql
check 'shellcheck' shellcheck "${scripts[@]}"
exit "$status"
