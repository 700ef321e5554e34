# shellcheck shell=bash
# The edge function that a frontend calls, on the Supabase project.

EDGE_FUNCTION=start-job

# Sets the URL first. Otherwise the function would run without it and reject its first callers.
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
        fail "the edge function was not deployed; check that your access token may write edge functions of $SUPABASE_REF"
    set_edge_setting EDITAI_FINGERPRINT "$fingerprint"
}

# set_edge_setting NAME VALUE   Sets it unless it has this value. The value is piped: no argument, file or log has it.
set_edge_setting() {
    local name=$1 value=$2
    local -a command=(secrets set --env-file=/dev/stdin "--remote=$SUPABASE_REF" --yes)
    if has_edge_setting "$name" "$value"; then return; fi
    printf '%s  < (%s=...)\n' "$(print_command supabase "${command[@]}" --workdir=.)" "$name"
    [[ -n $DRY_RUN ]] || printf '%s="%s"\n' "$name" "$value" | supabase_with_input "${command[@]}" ||
        fail "$name was not set; check that your access token may write secrets of $SUPABASE_REF"
}

# has_edge_setting NAME VALUE   Supabase shows only the SHA-256 of a value.
has_edge_setting() {
    local digest
    digest=$(printf '%s' "$2" | sha256sum | cut -d' ' -f1)
    query supabase_cli secrets list --output-format=json "--remote=$SUPABASE_REF" |
        tr -d '[:space:]' | tr '{' '\n' | grep -F "\"name\":\"$1\"" | grep -F "\"$digest\"" >/dev/null
}

has_edge_function() {
    query supabase_cli functions list --output-format=json "--remote=$SUPABASE_REF" |
        tr -d '[:space:]' | grep -F "\"slug\":\"$EDGE_FUNCTION\"" >/dev/null
}

edge_fingerprint() {
    find supabase/config.toml supabase/functions/deno.json supabase/functions/_shared \
        "supabase/functions/$EDGE_FUNCTION" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-40
}
