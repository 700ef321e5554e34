#!/usr/bin/env bash
# Checks formatting, security, imports, types, SQL and shell. All checks run even if one fails.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
export PATH="$PWD/.venv/bin:$PATH"
status=0

check() {
    printf '%s\n' "$1"
    "${@:2}" || status=1
}

# shellcheck disable=SC2329 # called through check
quietly() {
    local output
    output=$("$@" 2>&1) || {
        printf '%s\n' "$output"
        return 1
    }
}

mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' '.ci/run' 'tests/deploy/standins/*')
check 'ruff check' ruff check --quiet
check 'ruff format' ruff format --quiet --check
check 'bandit' bandit --quiet --recursive --configfile pyproject.toml functions shared clients/python editai_admin examples local bench tests
check 'import-linter' quietly lint-imports --no-cache --no-logo
check 'basedpyright' basedpyright --level error
# Its rules are about changes to a database in use. supabase/schemas only ever builds an empty one, so it is not asked of
# those files; what they say arrives in a migration.
check 'squawk' squawk --reporter gcc supabase/migrations/*.sql
check 'shellcheck' shellcheck "${scripts[@]}"

export DENO_DIR="$PWD/.local/deno" DENO_NO_UPDATE_CHECK=1
deno=local/node_modules/@deno/linux-x64-glibc/deno
on_edge=(--quiet --config supabase/functions/deno.json supabase/functions local/parts/edge_runtime.ts tests/api/edge)
# openapi.ts is generated; `make clients` writes it.
client=(clients/typescript/src --ignore=clients/typescript/src/openapi.ts)
check 'deno check' "$deno" check "${on_edge[@]}"
check 'deno lint' "$deno" lint "${on_edge[@]}" "${client[@]}"
check 'deno fmt' "$deno" fmt --check "${on_edge[@]}" "${client[@]}"
check 'tsc' clients/typescript/node_modules/@typescript/typescript-linux-x64/lib/tsc --project clients/typescript --noEmit

# Programs that use npm packages: Deno finds these in the folder in which it runs.
# shellcheck disable=SC2329 # called through check
in_local() {
    (cd local && "../$deno" "$@")
}
mapfile -t programs < <(cd local && git ls-files --cached --others --exclude-standard '../tests/api/supabase_api/*.ts')
check 'deno check, with npm packages' in_local check --quiet --no-lock --node-modules-dir=manual "${programs[@]}"
check 'deno lint, with npm packages' in_local lint --quiet --rules-exclude=no-import-prefix,no-unversioned-import "${programs[@]}"
check 'deno fmt, with npm packages' in_local fmt --quiet --check --line-width 100 "${programs[@]}"
exit "$status"
