# shellcheck shell=bash
# The edge function that a frontend calls, on the Supabase project. lease-cleanup stays out: what is deployed here takes
# Cloud Scheduler's token alone, so that edge function could not reach it.

EDGE_FUNCTION=start-job

# Its address first: a function that runs before it is set refuses its first callers.
deploy_edge_function() {
    say "Deploying the edge function"
    set_edge_setting LIBRARY_URL "$LIBRARY_URL"
    local fingerprint
    fingerprint=$(edge_fingerprint)
    if has_edge_setting EDITAI_FINGERPRINT "$fingerprint" && has_edge_function; then
        printf '  %s is up to date\n' "$EDGE_FUNCTION"
        return
    fi
    local -a command=(functions deploy "$EDGE_FUNCTION" --use-api "--remote=$SUPABASE_REF" --yes)
    print_command supabase "${command[@]}" --workdir=.
    [[ -n $DRY_RUN ]] || supabase_cli "${command[@]}" ||
        fail "the edge function was not deployed; may your access token write edge functions of $SUPABASE_REF?"
    set_edge_setting EDITAI_FINGERPRINT "$fingerprint"
}

# set_edge_setting NAME VALUE   Unless it has this value. It goes in by a pipe: into no argument, no file and no log.
set_edge_setting() {
    local name=$1 value=$2
    local -a command=(secrets set --env-file=/dev/stdin "--remote=$SUPABASE_REF" --yes)
    if has_edge_setting "$name" "$value"; then return; fi
    printf '%s  < (%s=...)\n' "$(print_command supabase "${command[@]}" --workdir=.)" "$name"
    [[ -n $DRY_RUN ]] || printf '%s="%s"\n' "$name" "$value" | supabase_with_input "${command[@]}" ||
        fail "$name was not set; may your access token write secrets of $SUPABASE_REF?"
}

# has_edge_setting NAME VALUE   Supabase tells of a value no more than its SHA-256.
has_edge_setting() {
    local digest
    digest=$(printf '%s' "$2" | sha256sum | cut -d' ' -f1)
    ask supabase_cli secrets list --output-format=json "--remote=$SUPABASE_REF" |
        tr -d '[:space:]' | tr '{' '\n' | grep -F "\"name\":\"$1\"" | grep -F "\"$digest\"" >/dev/null
}

has_edge_function() {
    ask supabase_cli functions list --output-format=json "--remote=$SUPABASE_REF" |
        tr -d '[:space:]' | grep -F "\"slug\":\"$EDGE_FUNCTION\"" >/dev/null
}

edge_fingerprint() {
    find supabase/config.toml supabase/functions/deno.json supabase/functions/_shared \
        "supabase/functions/$EDGE_FUNCTION" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-40
}
