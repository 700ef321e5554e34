# shellcheck shell=bash disable=SC2034 # other files use the variables that are set here
# Settings come from the command line, then the environment file, then the environment, then these defaults.

# The settings that an environment file may have.
SETTINGS=(
    PROJECT REGION SUPABASE_REF SUPABASE_ACCESS_TOKEN SUPABASE_DB_PASSWORD SUPABASE_SERVICE_ROLE_KEY
    SUPABASE_JWT_SECRET CORS_ALLOWED_ORIGINS STORAGE_BUCKET MAX_UPLOAD_BYTES MAX_FILE_BYTES QUEUE
    LIBRARY_MEMORY LIBRARY_CPU LIBRARY_CONCURRENCY LIBRARY_MIN_INSTANCES LIBRARY_MAX_INSTANCES
    WORKER_MEMORY WORKER_CPU WORKER_CONCURRENCY WORKER_MIN_INSTANCES WORKER_MAX_INSTANCES
    LEASE_TTL_SECONDS DISPATCH_TTL_SECONDS JOB_DEADLINE_SECONDS JOB_MAX_ATTEMPTS
    MAX_ACTIVE_JOBS_PER_USER FFMPEG_MEMORY_BYTES MAX_JOB_SOURCE_BYTES JOB_RETENTION_DAYS IDEMPOTENCY_KEY_DAYS WORKER_URLS
    MAX_STARTS_PER_MINUTE MAX_PROBES_PER_MINUTE MAX_PROJECTS_PER_USER MAX_PENDING_SOURCES_PER_USER ALERT_CHANNELS
)
# And OpenTelemetry's own: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
COLLECTOR_SETTING='^OTEL_[A-Z0-9_]+$'

# read_settings FILE   Reads lines of NAME=value literally; nothing is executed. Quotes around a whole value are removed.
read_settings() {
    local line name value
    [[ -r $1 ]] || fail "there is no file $1"
    while IFS= read -r line || [[ -n $line ]]; do
        [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
        name=${line%%=*}
        [[ $line == *=* && (" ${SETTINGS[*]} " == *" $name "* || $name =~ $COLLECTOR_SETTING) ]] ||
            fail "$1 has an unknown setting: $name"
        value=${line#*=}
        [[ ! $value =~ ^\"(.*)\"$ && ! $value =~ ^\'(.*)\'$ ]] || value=${BASH_REMATCH[1]}
        printf -v "$name" '%s' "$value"
    done <"$1"
}

# MAX_FILE_BYTES limits uploads to storage; MAX_UPLOAD_BYTES limits uploads to the library, as Cloud Run allows 32 MiB.
DEFAULTS=(
    REGION=europe-west1 STORAGE_BUCKET=editai QUEUE=editai-jobs 'CORS_ALLOWED_ORIGINS=[]'
    MAX_FILE_BYTES=500000000 MAX_UPLOAD_BYTES=32000000
    # Sizes of memory: see memory.sh.
    LIBRARY_MEMORY=2Gi LIBRARY_CPU=1 LIBRARY_CONCURRENCY=20 LIBRARY_MIN_INSTANCES=0 LIBRARY_MAX_INSTANCES=20
    WORKER_MEMORY=6Gi WORKER_CPU=2 WORKER_CONCURRENCY=1 WORKER_MIN_INSTANCES=0 WORKER_MAX_INSTANCES=10
    LEASE_TTL_SECONDS=60 DISPATCH_TTL_SECONDS=300 JOB_DEADLINE_SECONDS=3600 JOB_MAX_ATTEMPTS=3 MAX_ACTIVE_JOBS_PER_USER=5
    MAX_STARTS_PER_MINUTE=30 MAX_PROBES_PER_MINUTE=30 MAX_PROJECTS_PER_USER=1000 MAX_PENDING_SOURCES_PER_USER=50
    JOB_RETENTION_DAYS=90 IDEMPOTENCY_KEY_DAYS=7 'WORKER_URLS={}'
    FFMPEG_MEMORY_BYTES=3221225472 MAX_JOB_SOURCE_BYTES=1500000000
    PROJECT= SUPABASE_REF= SUPABASE_ACCESS_TOKEN= SUPABASE_DB_PASSWORD= SUPABASE_SERVICE_ROLE_KEY= SUPABASE_JWT_SECRET=
    RETRY_SECONDS=5 ALERT_CHANNELS= OTEL_EXPORTER_OTLP_ENDPOINT= OTEL_EXPORTER_OTLP_HEADERS=
)

set_defaults() {
    local default name
    for default in "${DEFAULTS[@]}"; do
        name=${default%%=*}
        [[ -n ${!name:-} ]] || printf -v "$name" '%s' "${default#*=}"
    done
    # gcloud must not prompt: no one would see it.
    export CLOUDSDK_CORE_DISABLE_PROMPTS=1
    # Only the command that needs a secret gets it.
    export -n SUPABASE_ACCESS_TOKEN SUPABASE_DB_PASSWORD SUPABASE_SERVICE_ROLE_KEY SUPABASE_JWT_SECRET \
        OTEL_EXPORTER_OTLP_HEADERS
}

check_settings() {
    [[ $PROJECT =~ ^[a-z][a-z0-9-]{4,28}[a-z0-9]$ ]] ||
        fail "--project takes a Google Cloud project id, such as reel-studio-1234"
    [[ $REGION =~ ^[a-z]+-[a-z]+[0-9]+$ ]] || fail "--region takes a region such as europe-west1, not '$REGION'"
    [[ $SUPABASE_REF =~ ^[a-z]{20}$ ]] ||
        fail "--supabase-ref takes the 20 letters of a Supabase project's address, https://<ref>.supabase.co"
    [[ $CORS_ALLOWED_ORIGINS == \[*\] ]] ||
        fail 'CORS_ALLOWED_ORIGINS is a JSON list such as ["https://studio.example"]'
    [[ -z ${OTEL_EXPORTER_OTLP_TRACES_HEADERS:-}${OTEL_EXPORTER_OTLP_METRICS_HEADERS:-} ]] ||
        fail "headers of a collector are kept as a secret, and there is one for both signals: OTEL_EXPORTER_OTLP_HEADERS"
}

# Names derived from the settings.
set_names() {
    SUPABASE_URL="https://$SUPABASE_REF.supabase.co"
    QUEUE_PATH="projects/$PROJECT/locations/$REGION/queues/$QUEUE"
    # A dry run calls nothing, so it cannot know the project's number.
    PROJECT_NUMBER=PROJECT_NUMBER
    [[ -n $DRY_RUN ]] || PROJECT_NUMBER=$(query gcloud projects describe "$PROJECT" '--format=value(projectNumber)') ||
        fail "gcloud shows no number for project $PROJECT"
    # Cloud Run's URLs are known before the services exist: https://cloud.google.com/run/docs/triggering/https-request
    LIBRARY_URL=$(service_url editai-library)/api/v1/library
    WORKER_URL=$(service_url editai-worker)
    LEASE_CLEANUP_URL=$(service_url editai-lease-cleanup)
}

service_url() { printf 'https://%s-%s.%s.run.app' "$1" "$PROJECT_NUMBER" "$REGION"; }

account() { printf '%s@%s.iam.gserviceaccount.com' "$1" "$PROJECT"; }
