# shellcheck shell=bash
# Takes away what deploy.sh made on Google Cloud. What users made stays: the Supabase project is not touched.

destroy() {
    say "Removing EditAI from $PROJECT"
    [[ -n $DRY_RUN || -n $YES ]] || confirm
    local name role
    remove "scheduler jobs" "$SCHEDULE" "--location=$REGION"
    remove "tasks queues" "$QUEUE" "--location=$REGION"
    for name in "${FUNCTION_ACCOUNTS[@]}"; do
        remove functions "$name" "--region=$REGION"
    done
    for name in editai-supabase-service-role-key editai-supabase-jwt-secret editai-internal-secret; do
        remove secrets "$name"
    done
    for role in "${BUILD_ROLES[@]}"; do
        unbind "serviceAccount:$(account editai-build)" "$role"
    done
    for name in "${ACCOUNTS[@]}"; do
        remove "iam service-accounts" "$(account "$name")"
    done
    printf '\nLeft as they are: the Supabase project %s with its data and its edge function, the enabled APIs, the images in Artifact Registry.\n' "$SUPABASE_REF"
    printf 'The name of the queue is free again after some days.\n'
}

confirm() {
    local answer
    [[ -t 0 ]] || fail "--destroy asks for confirmation: run it in a terminal, or add --yes"
    read -rp "Type the project's id to remove the deployment: " answer
    [[ $answer == "$PROJECT" ]] || fail "nothing was removed"
}

# remove GROUP NAME [FLAG...]   Where it is there.
remove() {
    local name=$2
    local -a group
    read -ra group <<<"$1"
    shift 2
    if [[ -n $DRY_RUN ]] || ask gcloud "${group[@]}" describe "$name" "$@" "--project=$PROJECT" >/dev/null; then
        run gcloud "${group[@]}" delete "$name" "$@" "--project=$PROJECT" --quiet
    fi
}

unbind() {
    local granted
    granted=$(ask gcloud projects get-iam-policy "$PROJECT" --flatten='bindings[].members' \
        "--filter=bindings.members:${1#*:}" '--format=value(bindings.role)') || granted=
    if [[ -n $DRY_RUN ]] || grep -qxF "$2" <<<"$granted"; then
        run gcloud projects remove-iam-policy-binding "$PROJECT" "--member=$1" "--role=$2" --condition=None --quiet
    fi
}
