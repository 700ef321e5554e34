# shellcheck shell=bash
# Sourced by scripts that fetch Debian programs for the tests. Packages are only downloaded and unpacked, so nothing is
# installed and no root is needed. Where that is not possible, it prints why and exits 0; what needs them is skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# fetch TARGET NAME PACKAGE...   Unpacks the packages into the folder TARGET. If apt has the first one, it has them all.
# The caller defines `works FOLDER`, which checks that they run here, and `left_out`, the text of what is skipped if not.
fetch() {
    local target=$1 name=$2
    shift 2
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        leave_out "this is not Debian"
    fi
    apt-cache show "$1" >/dev/null 2>&1 ||
        leave_out "apt has no package $1 (it is in Debian 12; 'apt-get update' may help)"

    echo "Fetching $name for the tests"
    mkdir -p .local
    # In the same folder as the target, so that moving it is atomic.
    draft=$(mktemp -d "$target.XXXXXX")
    trap 'rm -rf "$draft"' EXIT
    chmod 755 "$draft"
    (cd "$draft" && apt-get download "$@" >log 2>&1) ||
        leave_out "apt-get could not download them ($(tail -n 1 "$draft/log"))"
    for package in "$draft"/*.deb; do
        dpkg -x "$package" "$draft"
    done
    rm -f "$draft"/*.deb "$draft/log"
    works "$draft" >/dev/null || leave_out "$name does not start here"
    rm -rf "$target"  # an earlier set of packages
    mv "$draft" "$target"
}

leave_out() {
    echo "${left_out:?} skipped: $*."
    exit 0
}
