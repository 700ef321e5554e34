#!/usr/bin/env bash
# Checks every pinned package against the public advisory services; needs the network. It succeeds only if every package
# was looked up and none has a known vulnerability. A package that could not be looked up counts as a failure.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
failed=()

audit() {
    printf '%s\n' "$1"
    "${@:2}" || failed+=("$1")
}

for file in requirements.txt functions/*/requirements.txt local/requirements-node.txt bench/scenes/requirements.txt requirements-dev.txt; do
    audit "$file" .venv/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off --requirement "$file"
done
for folder in local clients/typescript tests/clients/generators; do
    audit "$folder/package-lock.json" npm audit --prefix "$folder" --package-lock-only
done

if ((${#failed[@]})); then
    printf 'Vulnerable or not audited (see above): %s\n' "${failed[*]}" >&2
    exit 1
fi
echo 'Every pinned package was looked up and none has a known vulnerability.'
