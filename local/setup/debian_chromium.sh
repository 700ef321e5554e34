#!/usr/bin/env bash
# Fetches Debian's Chromium into .local/debian-chromium, with those of its libraries and fonts that this machine lacks.
# The tests record with it, and open pages in it. It is used whether or not another browser is installed, so that every
# machine tests with the same one.
# shellcheck source=local/setup/debian.sh
source "$(dirname "$0")/debian.sh"

target=.local/debian-chromium
left_out="Where no Chromium is installed, the tests in a browser are"

choose() {
    with_what_is_missing "$@"
}

works() {
    local folder path=()
    for folder in usr/lib lib; do  # some packages still use the folders from before they were merged
        path+=("$1/$folder/$(uname -m)-linux-gnu" "$1/$folder/$(uname -m)-linux-gnu/pulseaudio")
    done
    LD_LIBRARY_PATH=$(IFS=:; echo "${path[*]}") "$1/usr/lib/chromium/chromium" --version
}

works "$target" >/dev/null 2>&1 || fetch "$target" "Debian's Chromium" chromium chromium-common
