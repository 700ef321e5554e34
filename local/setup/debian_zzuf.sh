#!/usr/bin/env bash
# Fetches zzuf into .local/debian-zzuf. It flips bits of files for the tests of damaged media.
# shellcheck source=local/setup/debian.sh
source "$(dirname "$0")/debian.sh"

target=.local/debian-zzuf
left_out="zzuf (a few lines of Python replace it) is"

works() {
    "$1/usr/bin/zzuf" --version
}

[[ -e $target/usr/bin/zzuf ]] || fetch "$target" "Debian's zzuf" zzuf
