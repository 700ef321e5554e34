# shellcheck shell=bash
# Shared by all steps: `query` reads, `run` changes. Each change is printed before it is made; a dry run makes none.

# Most reads are inside $(...), where `exit` would end only the subshell, and the caller would continue with an empty value.
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

# run_with_input VARIABLE COMMAND...   Pipes the variable's value to the command, so that no argument and no log has it.
run_with_input() {
    local variable=$1
    shift
    printf '%s  < (the value of %s)\n' "$(print_command "$@")" "$variable"
    [[ -n $DRY_RUN ]] || printf '%s' "${!variable}" | "$@"
}

# Runs a command that reads something. Returns 1 if it does not exist. Ends the deployment if it could not be read, because
# that must not be taken for missing. A dry run reads nothing and takes everything for missing.
query() {
    local status=0
    [[ -z $DRY_RUN ]] || return 1
    try_query "$@" || status=$?
    ((status < 2)) || fail "could not read the current state: $* (see above). Run deploy.sh again: it continues where it stopped"
    return "$status"
}

# Runs a command that reads something: 0 and its output; 1 if it does not exist; 2 if three attempts could not read it.
try_query() {
    local attempt error
    for attempt in 1 2 3; do
        ((attempt == 1)) || sleep "$RETRY_SECONDS"
        if { error=$("$@" 2>&1 >&3 3>&-); } 3>&1; then return 0; fi
        if is_not_found "$error"; then return 1; fi
    done
    printf '%s\n' "$error" >&2
    return 2
}

# Whether an error means "not found": Google's status name, gcloud's two texts for status 404, or the text of `gcloud run`.
# A denied permission also says that the resource "may not exist"; that does not count.
is_not_found() {
    [[ $1 != *PERMISSION_DENIED* && ($1 == *NOT_FOUND* || $1 == *'status=[404]'* || $1 == *'HTTPError 404'* ||
        $1 == *'Cannot find '*) ]]
}

# Retries a command that may fail right after its resource was created, until that is visible everywhere in Google Cloud: up
# to $RETRIES times.
retry_until_available() {
    local attempt retries=${RETRIES:-5}
    for ((attempt = 1; attempt <= retries; attempt++)); do
        if run "$@"; then return; fi
        printf '  (attempt %s failed)\n' "$attempt" >&2
        sleep "$RETRY_SECONDS"
    done
    fail "failed after $retries attempts: $*"
}

# bind MEMBER ROLE GROUP NAME [FLAG...]   Grants a role on one resource, unless it is already granted. On a project, the
# grant has the condition $CONDITION.
bind() {
    local member=$1 role=$2 name=$4 granted
    local -a group condition=()
    read -ra group <<<"$3"
    shift 4
    [[ ${group[0]} != projects ]] || condition=("--condition=${CONDITION:-None}")
    granted=$(query gcloud "${group[@]}" get-iam-policy "$name" "$@" "--project=$PROJECT" \
        --flatten='bindings[].members' "--filter=bindings.members:${member#*:}" '--format=value(bindings.role)') || granted=
    if grep -qxF "$role" <<<"$granted"; then return; fi
    retry_until_available gcloud "${group[@]}" add-iam-policy-binding "$name" "$@" "--project=$PROJECT" \
        "--member=$member" "--role=$role" "${condition[@]}" --quiet
}
