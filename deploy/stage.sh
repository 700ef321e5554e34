#!/usr/bin/env bash
# Stages functions: build/<function>/ gets its folder, shared/ and its requirements, which is all that runs in the cloud.
#
#   deploy/stage.sh                        all three, in build/
#   deploy/stage.sh FUNCTION [DIRECTORY]   one of them, into a directory (default build/FUNCTION)
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

stage() {
    local source="$ROOT/functions/$1" target=$2
    [[ -f "$source/main.py" ]] || { echo "there is no function named $1" >&2 && exit 2; }
    # Staged next to the target and moved there at the end, so that an interrupted stage is never taken for a finished one.
    local draft="$target.partial"
    rm -rf "$draft"
    mkdir -p "$draft"
    cp -R "$source/." "$ROOT/shared" "$draft"
    find "$draft" -name __pycache__ -prune -exec rm -rf {} +
    rm -f "$draft/requirements.in"
    rm -rf "$target"
    mv "$draft" "$target"
}

if (($#)); then
    stage "$1" "${2:-$ROOT/build/$1}"
else
    for function in library worker lease_cleanup; do
        stage "$function" "$ROOT/build/$function"
    done
fi
