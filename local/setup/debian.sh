# shellcheck shell=bash
# Fetches programs of Debian for the tests, to be sourced. Nothing is installed and no root is needed: packages are
# downloaded and unpacked. Where that cannot be done it says why and ends well; what needs them is then left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# fetch TARGET NAME PACKAGE...   unpack the packages into the folder TARGET. The first tells whether apt knows them;
# `works FOLDER`, which the caller defines, whether they run here; `left_out` is what is left out where not.
fetch() {
    local target=$1 name=$2
    shift 2
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        leave_out "this is not a Debian"
    fi
    apt-cache show "$1" >/dev/null 2>&1 ||
        leave_out "apt knows no $1 here (it is in Debian 12; 'apt-get update' may help)"

    echo "Fetching $name for the tests"
    mkdir -p .local
    # Beside the target, so that moving it there is one step; mktemp(1) fills in the letters.
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
    rm -rf "$target"  # an earlier selection of packages
    mv "$draft" "$target"
}

leave_out() {
    echo "${left_out:?} left out: $*."
    exit 0
}
