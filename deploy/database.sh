# shellcheck shell=bash
# The Supabase project: migrations through its CLI, and one private bucket.

supabase_cli() { supabase_with_input "$@" </dev/null; }

supabase_with_input() {
    SUPABASE_ACCESS_TOKEN=$SUPABASE_ACCESS_TOKEN SUPABASE_DB_PASSWORD=$SUPABASE_DB_PASSWORD \
        supabase "$@" --workdir=.
}

apply_migrations() {
    say "Applying migrations"
    local -a push=(db push "--remote=$SUPABASE_REF")
    if [[ -z $DRY_RUN && $(supabase_cli "${push[@]}" --dry-run 2>&1) == *'up to date'* ]]; then return; fi
    print_command supabase "${push[@]}" --yes --workdir=.
    [[ -n $DRY_RUN ]] || supabase_cli "${push[@]}" --yes ||
        fail "the migrations were not applied; if the CLI could not log in to the database, set SUPABASE_DB_PASSWORD"
}

# The same as BUCKET_TYPES in shared/storage/paths.py.
BUCKET_TYPES='["video/*","image/jpeg","application/octet-stream"]'

# The bucket is private and has the limits of the library, because a browser writes to it directly by a signed upload URL.
make_bucket() {
    say "Creating the private bucket"
    local wanted current
    wanted="{\"id\":\"$STORAGE_BUCKET\",\"name\":\"$STORAGE_BUCKET\",\"public\":false,\"file_size_limit\":$MAX_FILE_BYTES,\"allowed_mime_types\":$BUCKET_TYPES}"
    if [[ -z $SUPABASE_SERVICE_ROLE_KEY && -z $DRY_RUN ]]; then
        SUPABASE_SERVICE_ROLE_KEY=$(gcloud secrets versions access latest \
            --secret=editai-supabase-service-role-key "--project=$PROJECT")
    fi
    if current=$(query bucket "$STORAGE_BUCKET"); then
        if is_as_wanted "$(tr -d '[:space:]' <<<"$current")"; then return; fi
        run_storage PUT "bucket/$STORAGE_BUCKET" "$wanted"
    else
        run_storage POST bucket "$wanted"
    fi
}

is_as_wanted() {
    local part
    for part in '"public":false' "\"file_size_limit\":$MAX_FILE_BYTES" "\"allowed_mime_types\":$BUCKET_TYPES"; do
        [[ $1 == *"$part"* ]] || return 1
    done
}

run_storage() {
    print_command curl --request "$1" --data "${3:-}" "$SUPABASE_URL/storage/v1/$2"
    [[ -n $DRY_RUN ]] || storage "$@" >/dev/null ||
        fail "the bucket could not be created or changed; check that the service role key belongs to $SUPABASE_REF and that the project's upload limit is at least $MAX_FILE_BYTES bytes"
}

# Storage responds 400 for a missing bucket, with the 404 in the body.
bucket() {
    local response
    response=$(storage GET "bucket/$1") && printf '%s' "$response" && return
    [[ $response != *'"statusCode":"404"'* ]] || echo NOT_FOUND >&2
    printf '%s\n' "$response" >&2
    return 1
}

# storage METHOD PATH [BODY]   Calls Supabase Storage and prints the response, even an error. Pipes the key to curl.
storage() {
    printf 'header = "Authorization: Bearer %s"\nheader = "apikey: %s"\n' \
        "$SUPABASE_SERVICE_ROLE_KEY" "$SUPABASE_SERVICE_ROLE_KEY" |
        curl --silent --show-error --fail-with-body --config - --request "$1" \
            --header 'Content-Type: application/json' ${3:+--data "$3"} "$SUPABASE_URL/storage/v1/$2"
}
