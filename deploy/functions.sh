# shellcheck shell=bash disable=SC2034 # other files use the variables that are set here
# The three functions: their settings, their size, and who may call them.

# The longest that Cloud Tasks waits for a response.
WORKER_SECONDS=1800

deploy_functions() {
    say "Deploying the functions"
    run deploy/stage.sh
    write_settings library "${SUPABASE_USERS[@]}" "PUBLIC_URL=$LIBRARY_URL" "CORS_ALLOWED_ORIGINS=$CORS_ALLOWED_ORIGINS" \
        "MAX_UPLOAD_BYTES=$MAX_UPLOAD_BYTES" "MAX_ACTIVE_JOBS_PER_USER=$MAX_ACTIVE_JOBS_PER_USER" \
        "MAX_STARTS_PER_MINUTE=$MAX_STARTS_PER_MINUTE" "MAX_PROBES_PER_MINUTE=$MAX_PROBES_PER_MINUTE" \
        "MAX_PROJECTS_PER_USER=$MAX_PROJECTS_PER_USER" \
        "MAX_PENDING_SOURCES_PER_USER=$MAX_PENDING_SOURCES_PER_USER" "${DISPATCH[@]}"
    # On a timeout Cloud Run ends the request but not the process. The attempt would hold the project while it gets almost no CPU.
    write_settings worker "WORKER_CONCURRENCY=$WORKER_CONCURRENCY" "FFMPEG_MEMORY_BYTES=$FFMPEG_MEMORY_BYTES" \
        "MAX_JOB_SOURCE_BYTES=$MAX_JOB_SOURCE_BYTES" \
        "ATTEMPT_SECONDS=$((WORKER_SECONDS - 60))" "${DISPATCH[@]}" "$(expects_caller editai-tasks "$WORKER_URL")"
    write_settings lease_cleanup "JOB_RETENTION_DAYS=$JOB_RETENTION_DAYS" "IDEMPOTENCY_KEY_DAYS=$IDEMPOTENCY_KEY_DAYS" \
        "${DISPATCH[@]}" "$(expects_caller editai-scheduler "$LEASE_CLEANUP_URL")"

    # The worker is deployed before the functions that dispatch jobs to it.
    deploy worker --memory="$WORKER_MEMORY" --cpu="$WORKER_CPU" --concurrency="$WORKER_CONCURRENCY" --timeout="${WORKER_SECONDS}s" \
        --min-instances="$WORKER_MIN_INSTANCES" --max-instances="$WORKER_MAX_INSTANCES" \
        "${PRIVATE[@]}"
    let_call editai-tasks editai-worker
    deploy lease_cleanup --memory=512Mi --cpu=1 --concurrency=1 --timeout=120s --min-instances=0 --max-instances=2 \
        "${PRIVATE[@]}"
    let_call editai-scheduler editai-lease-cleanup
    # The timeout exceeds the longest Prefer: wait.
    deploy library --memory="$LIBRARY_MEMORY" --cpu="$LIBRARY_CPU" --concurrency="$LIBRARY_CONCURRENCY" --timeout=360s \
        --min-instances="$LIBRARY_MIN_INSTANCES" --max-instances="$LIBRARY_MAX_INSTANCES" \
        --ingress-settings=all --allow-unauthenticated
    stay_public editai-library
}

# gcloud grants public access only after the function is active. So an interrupted deployment, or a manual change, may leave
# a library that is up to date but not public.
stay_public() {
    # A dry run shows a deployment that is not interrupted, which needs no second grant.
    [[ -n $DRY_RUN ]] || let_in allUsers "$1"
}

# Settings that several functions share.
set_function_settings() {
    COMMON=(
        FUNCTION_USE_ASGI=true "GOOGLE_CLOUD_PROJECT=$PROJECT" "SUPABASE_URL=$SUPABASE_URL"
        "STORAGE_BUCKET=$STORAGE_BUCKET" "LEASE_TTL_SECONDS=$LEASE_TTL_SECONDS"
        "JOB_DEADLINE_SECONDS=$JOB_DEADLINE_SECONDS" "JOB_MAX_ATTEMPTS=$JOB_MAX_ATTEMPTS"
    )
    local name
    for name in $(compgen -v OTEL_); do
        [[ -z $OTEL_EXPORTER_OTLP_ENDPOINT || $name == OTEL_EXPORTER_OTLP_HEADERS || -z ${!name} ]] ||
            COMMON+=("$name=${!name}")
    done
    DISPATCH=(
        "WORKER_URL=$WORKER_URL" "WORKER_URLS=$WORKER_URLS" "CLOUD_TASKS_QUEUE=$QUEUE_PATH"
        "CLOUD_TASKS_SERVICE_ACCOUNT=$(account editai-tasks)" "DISPATCH_TTL_SECONDS=$DISPATCH_TTL_SECONDS"
    )
    SUPABASE_USERS=("SUPABASE_JWT_ISSUER=$SUPABASE_URL/auth/v1")
    has_jwt_secret || SUPABASE_USERS+=("SUPABASE_JWKS_URL=$SUPABASE_URL/auth/v1/.well-known/jwks.json")
}

# Cloud Run verifies the caller's token and removes the signature before it forwards the request. The functions believe
# that only if strangers cannot reach them, so these flags and that setting belong together.
PRIVATE_INGRESS=internal-only
PRIVATE=("--ingress-settings=$PRIVATE_INGRESS" --no-allow-unauthenticated)

expects_caller() {
    printf 'GOOGLE_OIDC_SERVICE_ACCOUNT=%s\nGOOGLE_OIDC_AUDIENCE=%s\n' "$(account "$1")" "$2"
    printf 'GOOGLE_OIDC_SIGNATURE_REMOVED=true\nINGRESS_SETTINGS=%s' "$PRIVATE_INGRESS"
}

# write_settings FUNCTION NAME=value...   Writes the environment of a function; a dry run prints it.
write_settings() {
    local function=$1
    shift
    if [[ -n $DRY_RUN ]]; then
        printf '  # build/%s.env.yaml\n' "$function"
        as_yaml "${COMMON[@]}" "$@" | sed 's/^/    /'
    else
        as_yaml "${COMMON[@]}" "$@" >"build/$function.env.yaml"
    fi
}

# Quotes each value: an environment holds text, and YAML would read a number or a boolean.
as_yaml() {
    local line value
    while IFS= read -r line; do
        value=${line#*=}
        value=${value//\\/\\\\}
        printf '%s: "%s"\n' "${line%%=*}" "${value//\"/\\\"}"
    done < <(printf '%s\n' "$@")
}

# deploy FUNCTION FLAG...   Deploys unless the running function has the same files, settings and flags.
deploy() {
    local function=$1 name="editai-${1//_/-}" fingerprint
    shift
    local -a flags=(
        "--runtime=python311" "--entry-point=$function" --trigger-http "$@"
        "--env-vars-file=build/$function.env.yaml" "--set-secrets=$(secrets_of "$function")"
        "--service-account=$(account "$name")"
        "--build-service-account=projects/$PROJECT/serviceAccounts/$(account editai-build)"
    )
    fingerprint=$(fingerprint_of "$function" "${flags[@]}")
    if [[ $(query gcloud functions describe "$name" --v2 "--region=$REGION" "--project=$PROJECT" \
        '--format=value(labels.editai_fingerprint,state)') == "$fingerprint"[[:space:]]ACTIVE ]]; then
        printf '  %s is up to date\n' "$name"
        return
    fi
    run gcloud functions deploy "$name" --gen2 "--region=$REGION" "--project=$PROJECT" \
        "--source=build/$function" "${flags[@]}" "--update-labels=editai_fingerprint=$fingerprint" --quiet
    FUNCTIONS_CHANGED=yes
}

secrets_of() {
    printf 'SUPABASE_SERVICE_ROLE_KEY=%s' "$(secret_reference editai-supabase-service-role-key)"
    if [[ $1 == library ]] && has_jwt_secret; then
        printf ',SUPABASE_JWT_SECRET=%s' "$(secret_reference editai-supabase-jwt-secret)"
    fi
    if has_collector_headers; then
        printf ',OTEL_EXPORTER_OTLP_HEADERS=%s' "$(secret_reference editai-collector-headers)"
    fi
}

secret_reference() { printf '%s:%s' "$1" "$(secret_version "$1" or-first)"; }

# A hash of everything that a deployment is made from.
fingerprint_of() {
    local function=$1
    shift
    if [[ -n $DRY_RUN ]]; then
        # A valid label: https://cloud.google.com/functions/docs/configuring
        echo known-when-deployed
        return
    fi
    (
        cd build || exit
        find "$function" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        cat "$function.env.yaml"
        printf '%s\n' "$@"
    ) | sha256sum | cut -c1-40
}

let_call() { let_in "serviceAccount:$(account "$1")" "$2"; }

let_in() { bind "$1" roles/run.invoker 'run services' "$2" "--region=$REGION"; }
