# shellcheck shell=bash
# Permissions: one service account per function, two for the callers of the internal functions, one for builds.
#
#   editai-library         reads its secrets, adds tasks to the queue on behalf of editai-tasks
#   editai-worker          reads its secrets, adds tasks to the queue on behalf of editai-tasks: a job that it gives back
#   editai-lease-cleanup   reads its secrets, adds tasks to the queue on behalf of editai-tasks
#   editai-tasks           the identity of Cloud Tasks at the worker: may only call it
#   editai-scheduler       the identity of Cloud Scheduler at lease_cleanup: may only call it
#   editai-build           builds the functions' images

ACCOUNTS=(editai-library editai-worker editai-lease-cleanup editai-tasks editai-scheduler editai-build)
FUNCTION_ACCOUNTS=(editai-library editai-worker editai-lease-cleanup)
BUILD_ROLES=(roles/artifactregistry.writer roles/logging.logWriter)

make_accounts() {
    say "Creating service accounts"
    local name role
    for name in "${ACCOUNTS[@]}"; do
        query gcloud iam service-accounts describe "$(account "$name")" "--project=$PROJECT" >/dev/null ||
            run gcloud iam service-accounts create "$name" "--project=$PROJECT" "--display-name=EditAI ${name#editai-}" --quiet
    done
    for role in "${BUILD_ROLES[@]}"; do
        bind "serviceAccount:$(account editai-build)" "$role" projects "$PROJECT"
    done
    let_read_sources
    for name in "${FUNCTION_ACCOUNTS[@]}"; do
        bind "serviceAccount:$(account "$name")" roles/iam.serviceAccountUser \
            'iam service-accounts' "$(account editai-tasks)"
    done
}

# A build reads the functions' files from the bucket of their region, which the first deployment makes, and no other bucket.
# https://cloud.google.com/iam/docs/conditions-resource-attributes
let_read_sources() {
    local bucket="projects/_/buckets/gcf-v2-sources-$PROJECT_NUMBER-$REGION"
    CONDITION="expression=resource.name.startsWith('$bucket'),title=editai-sources" \
        bind "serviceAccount:$(account editai-build)" roles/storage.objectViewer projects "$PROJECT"
}

store_secrets() {
    say "Storing secrets"
    store_secret editai-supabase-service-role-key SUPABASE_SERVICE_ROLE_KEY
    store_secret editai-supabase-jwt-secret SUPABASE_JWT_SECRET
    store_secret editai-collector-headers OTEL_EXPORTER_OTLP_HEADERS
    local name
    for name in "${FUNCTION_ACCOUNTS[@]}"; do
        let_read "$name" editai-supabase-service-role-key
        if has_collector_headers; then let_read "$name" editai-collector-headers; fi
    done
    if has_jwt_secret; then let_read editai-library editai-supabase-jwt-secret; fi
}

# Projects with signing keys publish them. For a project with a shared secret, the secret must be given once.
has_jwt_secret() { [[ -n $SUPABASE_JWT_SECRET ]] || has_value editai-supabase-jwt-secret; }

# The headers by which a collector authenticates its senders, if there is a collector.
has_collector_headers() {
    [[ -n $OTEL_EXPORTER_OTLP_ENDPOINT ]] &&
        { [[ -n $OTEL_EXPORTER_OTLP_HEADERS ]] || has_value editai-collector-headers; }
}

# Secrets that a first deployment may lack.
OPTIONAL_SECRETS=(editai-supabase-jwt-secret editai-collector-headers)

# store_secret NAME VARIABLE   Adds a version unless the newest one already has this value.
store_secret() {
    local secret=$1 variable=$2 current
    [[ -n ${!variable} || -n $DRY_RUN && " ${OPTIONAL_SECRETS[*]} " != *" $secret "* ]] || return 0
    query gcloud secrets describe "$secret" "--project=$PROJECT" >/dev/null ||
        run gcloud secrets create "$secret" "--project=$PROJECT" --replication-policy=automatic --quiet
    if current=$(query gcloud secrets versions access latest "--secret=$secret" "--project=$PROJECT") &&
        [[ $current == "${!variable}" ]]; then return; fi
    run_with_input "$variable" gcloud secrets versions add "$secret" "--project=$PROJECT" --data-file=- --quiet
}

has_value() { [[ -n $(secret_version "$1") ]]; }

# The number of a secret's newest version. Functions refer to versions, so that a new value causes a new deployment.
secret_version() {
    if [[ -n $DRY_RUN ]]; then
        [[ ${2:-} != or-first ]] || echo 1
        return
    fi
    query gcloud secrets versions list "$1" "--project=$PROJECT" --filter=state=ENABLED \
        --sort-by=~createTime --limit=1 '--format=value(name)' | sed 's|.*/||'
}

let_read() {
    bind "serviceAccount:$(account "$1")" roles/secretmanager.secretAccessor secrets "$2"
}
