# shellcheck shell=bash
# Removes what deploy.sh created on Google Cloud. The Supabase project, with all data of users, is not changed.

destroy() {
    say "Removing EditAI from $PROJECT"
    [[ -n $DRY_RUN || -n $YES ]] || confirm
    local name role
    LEFT=()
    remove_monitoring
    remove "scheduler jobs" "$SCHEDULE" "--location=$REGION"
    remove "tasks queues" "$QUEUE" "--location=$REGION"
    for name in "${FUNCTION_ACCOUNTS[@]}"; do
        remove functions "$name" "--region=$REGION"
    done
    for name in editai-supabase-service-role-key editai-internal-secret "${OPTIONAL_SECRETS[@]}"; do
        remove secrets "$name"
    done
    for role in "${BUILD_ROLES[@]}" roles/storage.objectViewer; do
        unbind "serviceAccount:$(account editai-build)" "$role"
    done
    for name in "${ACCOUNTS[@]}"; do
        remove "iam service-accounts" "$(account "$name")"
    done
    ((${#LEFT[@]} == 0)) || fail "$(join ', ' "${LEFT[@]}") could not be removed (see above); run it again"
    printf '\nNot removed: the Supabase project %s with its data and its edge function, the enabled APIs, the images in Artifact Registry.\n' "$SUPABASE_REF"
    printf 'The name of the queue cannot be reused for some days.\n'
}

confirm() {
    local reply
    [[ -t 0 ]] || fail "--destroy asks for confirmation: run it in a terminal, or add --yes"
    read -rp "Type the project's id to remove the deployment: " reply
    [[ $reply == "$PROJECT" ]] || fail "nothing was removed"
}

# remove GROUP NAME [FLAG...]   Removes a resource if it exists. A failure is reported at the end and does not stop the rest.
remove() {
    local name=$2 status=0
    local -a group
    read -ra group <<<"$1"
    shift 2
    [[ -n $DRY_RUN ]] || try_query gcloud "${group[@]}" describe "$name" "$@" "--project=$PROJECT" >/dev/null || status=$?
    ((status != 1)) || return 0
    if ((status == 2)) || ! run gcloud "${group[@]}" delete "$name" "$@" "--project=$PROJECT" --quiet; then
        LEFT+=("${group[*]} $name")
    fi
}

unbind() {
    local granted=$2 status=0
    [[ -n $DRY_RUN ]] || granted=$(try_query gcloud projects get-iam-policy "$PROJECT" --flatten='bindings[].members' \
        "--filter=bindings.members:${1#*:}" '--format=value(bindings.role)') || status=$?
    if ((status == 0)) && ! grep -qxF "$2" <<<"$granted"; then return; fi
    if ((status > 0)) ||
        ! run gcloud projects remove-iam-policy-binding "$PROJECT" "--member=$1" "--role=$2" --all --quiet; then
        LEFT+=("$2 of $1")
    fi
}
