# shellcheck shell=bash
# The callers of the internal functions: the queue that dispatches jobs, and the schedule that triggers cleanup each minute.

SCHEDULE=editai-lease-cleanup

make_queue() {
    say "Creating the queue"
    # A task that a full worker or a busy project refuses is retried after 10 s, 20 s, ... 5 min, for an hour.
    local -a flags=(
        "--max-concurrent-dispatches=$((WORKER_MAX_INSTANCES * WORKER_CONCURRENCY))" --max-dispatches-per-second=5
        --max-attempts=12 --max-retry-duration=3600s --min-backoff=10s --max-backoff=300s --max-doublings=5
    )
    local current wanted
    wanted="$((WORKER_MAX_INSTANCES * WORKER_CONCURRENCY)) 5.0 12 3600s 10s 300s 5"
    if current=$(query gcloud tasks queues describe "$QUEUE" "--location=$REGION" "--project=$PROJECT" \
        '--format=value(rateLimits.maxConcurrentDispatches,rateLimits.maxDispatchesPerSecond,retryConfig.maxAttempts,retryConfig.maxRetryDuration,retryConfig.minBackoff,retryConfig.maxBackoff,retryConfig.maxDoublings)'); then
        [[ ${current//$'\t'/ } == "$wanted" ]] ||
            run gcloud tasks queues update "$QUEUE" "--location=$REGION" "--project=$PROJECT" "${flags[@]}" --quiet
    else
        run gcloud tasks queues create "$QUEUE" "--location=$REGION" "--project=$PROJECT" "${flags[@]}" --quiet ||
            fail "the queue could not be created; the name of a queue that was deleted within the last days cannot be reused: set QUEUE to another"
    fi
    local name
    for name in "${FUNCTION_ACCOUNTS[@]}"; do
        bind "serviceAccount:$(account "$name")" roles/cloudtasks.enqueuer \
            'tasks queues' "$QUEUE" "--location=$REGION"
    done
}

make_schedule() {
    say "Scheduling cleanup"
    local -a flags=(
        '--schedule=* * * * *' "--uri=$LEASE_CLEANUP_URL/" --http-method=post --attempt-deadline=120s
        "--oidc-service-account-email=$(account editai-scheduler)" "--oidc-token-audience=$LEASE_CLEANUP_URL"
    )
    local current wanted
    wanted="* * * * *|$LEASE_CLEANUP_URL/|120s|$(account editai-scheduler)|$LEASE_CLEANUP_URL"
    if current=$(query gcloud scheduler jobs describe "$SCHEDULE" "--location=$REGION" "--project=$PROJECT" \
        '--format=value[separator="|"](schedule,httpTarget.uri,attemptDeadline,httpTarget.oidcToken.serviceAccountEmail,httpTarget.oidcToken.audience)'); then
        [[ $current == "$wanted" ]] ||
            run gcloud scheduler jobs update http "$SCHEDULE" "--location=$REGION" "--project=$PROJECT" "${flags[@]}" --quiet
    else
        run gcloud scheduler jobs create http "$SCHEDULE" "--location=$REGION" "--project=$PROJECT" "${flags[@]}" --quiet
    fi
}
