# shellcheck shell=bash
# How every step acts: `ask` reads, `run` changes. Each change is printed before it is made; a dry run makes none.

# Most reads are inside of $(...), where `exit` would end the substitution alone and leave its reader with nothing read.
trap 'exit 1' TERM

say() { printf '\n==> %s\n' "$*"; }

fail() {
    printf 'deploy.sh: %s\n' "$*" >&2
    ((BASH_SUBSHELL == 0)) || kill -TERM $$
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

# Reads something; 1 where there is no such thing, and the end of the deployment where nobody can tell: what could not be
# read must not be taken for missing. A dry run asks nobody and takes everything for missing.
ask() {
    local status=0
    [[ -z $DRY_RUN ]] || return 1
    look "$@" || status=$?
    ((status < 2)) || fail "could not read what is there: $* (see above). Run it again: it goes on where it stopped"
    return "$status"
}

# Reads something: 0 and what it says, 1 where there is no such thing, 2 where it cannot be read, after three tries.
look() {
    local attempt complaint
    for attempt in 1 2 3; do
        ((attempt == 1)) || sleep "$RETRY_SECONDS"
        if { complaint=$("$@" 2>&1 >&3 3>&-); } 3>&1; then return 0; fi
        if is_not_found "$complaint"; then return 1; fi
    done
    printf '%s\n' "$complaint" >&2
    return 2
}

# Google's name for it, the two ways in which gcloud words the status alone, and that of `gcloud run`. A refusal says
# that the thing "may not exist", too: that is none of these.
is_not_found() {
    [[ $1 != *PERMISSION_DENIED* && ($1 == *NOT_FOUND* || $1 == *'status=[404]'* || $1 == *'HTTPError 404'* ||
        $1 == *'Cannot find '*) ]]
}

# A command that fails right after its subject was made, because Google has not told all its parts yet, is repeated.
retry_until_available() {
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
    retry_until_available gcloud "${group[@]}" add-iam-policy-binding "$name" "$@" "--project=$PROJECT" \
        "--member=$member" "--role=$role" "${condition[@]}" --quiet
}
