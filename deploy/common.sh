# shellcheck shell=bash
# How every step acts: `ask` reads, `run` changes. Each change is printed before it is made; a dry run makes none.

say() { printf '\n==> %s\n' "$*"; }

fail() {
    printf 'deploy.sh: %s\n' "$*" >&2
    exit 1
}

print_command() {
    local line
    printf -v line ' %q' "$@"
    printf '  $%s\n' "$line"
}

run() {
    print_command "$@"
    [[ -n $DRY_RUN ]] || "$@"
}

# run_with_input VARIABLE COMMAND...   The variable's value goes in by a pipe: it is in no argument and in no log.
run_with_input() {
    local variable=$1
    shift
    printf '%s  < (the value of %s)\n' "$(print_command "$@")" "$variable"
    [[ -n $DRY_RUN ]] || printf '%s' "${!variable}" | "$@"
}

# Reads something; fails where there is no such thing. A dry run asks nobody and takes everything for missing.
ask() {
    [[ -z $DRY_RUN ]] || return 1
    "$@" 2>/dev/null
}

# A command that fails right after its subject was made, because Google has not told all its parts yet, is repeated.
insist() {
    local attempt
    for attempt in 1 2 3 4 5; do
        if run "$@"; then return; fi
        printf '  (attempt %s failed)\n' "$attempt" >&2
        sleep "$RETRY_SECONDS"
    done
    fail "gave up: $*"
}

# bind MEMBER ROLE GROUP NAME [FLAG...]   Grants a role on one thing, unless it is granted.
bind() {
    local member=$1 role=$2 name=$4 granted
    local -a group condition=()
    read -ra group <<<"$3"
    shift 4
    [[ ${group[0]} != projects ]] || condition=(--condition=None)
    granted=$(ask gcloud "${group[@]}" get-iam-policy "$name" "$@" "--project=$PROJECT" \
        --flatten='bindings[].members' "--filter=bindings.members:${member#*:}" '--format=value(bindings.role)') || granted=
    if grep -qxF "$role" <<<"$granted"; then return; fi
    insist gcloud "${group[@]}" add-iam-policy-binding "$name" "$@" "--project=$PROJECT" \
        "--member=$member" "--role=$role" "${condition[@]}" --quiet
}
