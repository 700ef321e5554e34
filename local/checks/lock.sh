#!/usr/bin/env bash
# Pins every requirements.in with hashes, and the npm packages with their integrity hashes.
# The root set is resolved first and constrains the others, so that one environment can hold them all.
set -euo pipefail
cd "$(dirname "$0")/../.."

pin() {
    echo "locking $1.txt"
    .venv/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
        --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
        "${@:2}" --output-file "$1.txt" "$1.in"
}

pin requirements "$@"
for function in lease_cleanup library worker; do
    pin "functions/$function/requirements" --constraint requirements.txt
done
pin local/requirements-node
pin bench/scenes/requirements
pin requirements-dev "$@"
for folder in local clients/typescript tests/clients/generators; do
    npm install --prefix "$folder" --package-lock-only --ignore-scripts --no-audit --no-fund \
        --omit-lockfile-registry-resolved
done
