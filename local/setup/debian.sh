# shellcheck shell=bash
# Sourced by scripts that fetch Debian programs for the tests. Packages are only downloaded and unpacked, so nothing is
# installed and no root is needed. Where that is not possible, it prints why and exits 0; what needs them is left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

apt=()  # options of apt

# fetch TARGET NAME PACKAGE...   Unpacks the packages into the folder TARGET.
# The caller defines `works FOLDER`, which checks that they run here, and `left_out`, the text of what is skipped if not.
fetch() {
    local target=$1 name=$2
    shift 2
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        leave_out "this is not Debian"
    fi
    echo "Fetching $name for the tests"
    mkdir -p .local
    # In the same folder as the target, so that moving it is atomic.
    draft=$(mktemp -d "$target.XXXXXX")
    trap 'rm -rf "$draft"' EXIT
    chmod 755 "$draft"
    # A fresh machine knows no packages, and one that was set up long ago knows packages that the mirrors no longer have.
    download "$@" || { read_new_lists && download "$@"; } ||
        leave_out "apt-get could not download them ($(tail -n 1 "$draft/log"))"
    for package in "$draft"/*.deb; do
        dpkg -x "$package" "$draft"
    done
    rm -f "$draft"/*.deb "$draft/log" "$draft/names"
    works "$draft" >/dev/null || leave_out "$name does not start here"
    rm -rf "$target"  # an earlier set of packages
    mv "$draft" "$target"
}

# Downloads the packages into the draft: those of the list, or what the caller's own `choose` makes of it.
download() {
    choose "$@" >"$draft/names" 2>"$draft/log" || return 1
    (cd "$draft" && xargs apt-get "${apt[@]}" download <names >log 2>&1)
}

# Prints the packages to download: those that are named.
choose() {
    printf '%s\n' "$@"
}

# Prints the named packages and all that they depend on and this machine lacks.
with_what_is_missing() {
    local plan
    # --reinstall lists the named ones even where they are installed.
    plan=$(apt-get "${apt[@]}" install --simulate --reinstall --no-install-recommends "$@") || return 1
    awk '$1 == "Inst" { print $2 }' <<<"$plan"
}

# Reads the lists of packages into the checkout, where that needs no root and leaves the machine's own lists alone.
read_new_lists() {
    local own=$PWD/.local/debian-lists
    apt=(
        -o "Dir::State::lists=$own/lists" -o "Dir::Cache=$own/cache" -o APT::Sandbox::User=root
        -o Acquire::GzipIndexes=true
    )
    mkdir -p "$own/lists/partial" "$own/cache/archives/partial"
    apt-get "${apt[@]}" update >"$draft/log" 2>&1
}

leave_out() {
    echo "${left_out:?} skipped: $*."
    exit 0
}
