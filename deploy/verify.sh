# shellcheck shell=bash
# After a deployment: does it respond, are internal functions closed, does the schedule reach cleanup. And what it costs.

smoke_test() {
    say "Checking the deployment"
    if [[ -n $DRY_RUN ]]; then
        printf '  GET %s/openapi.json and .../readyz respond 200, GET .../projects without a token 401\n' "$LIBRARY_URL"
        printf '  POST %s and %s are refused\n  the schedule has reached lease_cleanup\n' "$WORKER_URL" "$LEASE_CLEANUP_URL"
        printf '  POST %s without a token responds 401\n' "$SUPABASE_URL/functions/v1/$EDGE_FUNCTION"
        return
    fi
    expect 200 GET "$LIBRARY_URL/openapi.json"
    # The database is reachable and has the migrations that this code needs.
    expect 200 GET "$LIBRARY_URL/readyz"
    expect 401 GET "$LIBRARY_URL/projects"
    # Refused by Cloud Run: 403 without a caller's token, 404 from outside the project.
    expect '403|404' POST "$WORKER_URL/"
    expect '403|404' POST "$LEASE_CLEANUP_URL/"
    # Refused by the function itself.
    expect 401 POST "$SUPABASE_URL/functions/v1/$EDGE_FUNCTION"
    expect_cleanup
}

# expect STATUSES METHOD URL   Retries, because a new URL may take a while to work everywhere.
expect() {
    local attempt status
    for attempt in 1 2 3 4 5 6; do
        ((attempt == 1)) || sleep "$RETRY_SECONDS"
        status=$(curl --silent --output /dev/null --max-time 60 --write-out '%{http_code}' --request "$2" "$3") || true
        if [[ $status =~ ^($1)$ ]]; then
            printf '  %s %s: %s\n' "$2" "$3" "$status"
            return
        fi
    done
    fail "$2 $3 responds $status instead of $1; see: gcloud functions logs read --gen2 --region=$REGION --project=$PROJECT"
}

expect_cleanup() {
    local attempt tried_at code
    for ((attempt = 0; attempt < 20; attempt++)); do
        ((attempt == 0)) || sleep "$RETRY_SECONDS"
        IFS='|' read -r tried_at code < <(query gcloud scheduler jobs describe "$SCHEDULE" "--location=$REGION" \
            "--project=$PROJECT" '--format=value[separator="|"](lastAttemptTime,status.code)') || true
        # Times are UTC in ISO 8601, which sorts as text.
        [[ -n $tried_at && (-z $FUNCTIONS_CHANGED || $tried_at > $STARTED_AT) ]] || continue
        if [[ -z $code || $code == 0 ]]; then
            printf '  cleanup was triggered at %s\n' "$tried_at"
            return
        fi
    done
    fail "the schedule has not reached lease_cleanup (last attempt: ${tried_at:-none}, code ${code:-none}); see: gcloud scheduler jobs describe $SCHEDULE --location=$REGION --project=$PROJECT"
}

# Prices of 2026 in regions of tier 1: https://cloud.google.com/run/pricing
print_idle_cost() {
    say "Monthly cost when idle"
    printf '  %-52s %s\n' \
        "functions with a minimum of 0 instances" "0.00 USD" \
        "library, minimum $LIBRARY_MIN_INSTANCES" "$(idle_cost "$LIBRARY_MIN_INSTANCES" "$LIBRARY_CPU" "$LIBRARY_MEMORY")" \
        "worker, minimum $WORKER_MIN_INSTANCES" "$(idle_cost "$WORKER_MIN_INSTANCES" "$WORKER_CPU" "$WORKER_MEMORY")" \
        "43,200 cleanups of about half a second" "0.00 USD within the free tier, else 0.55 USD" \
        "Cloud Scheduler, 1 job" "0.00 USD for an account's first 3, else 0.10 USD" \
        "Cloud Tasks, empty" "0.00 USD" \
        "alert conditions and metrics of log lines" "Google's list price: https://cloud.google.com/stackdriver/pricing" \
        "Secret Manager, 1 to 3 secrets" "0.00 USD for an account's first 6, else 0.06 USD each" \
        "images of the functions, about 1 GB" "0.10 USD a GB after the first 0.5" \
        "Supabase" "its own plan"
}

# idle_cost INSTANCES CPU MEMORY   0.0000025 USD a second for each idle vCPU and each idle GiB.
idle_cost() {
    awk -v instances="$1" -v cpu="$2" -v memory="$3" 'BEGIN {
        gib = memory ~ /Mi$/ ? memory / 1024 : memory + 0
        printf "%.2f USD", instances * (cpu + gib) * 0.0000025 * 30 * 86400
    }'
}
