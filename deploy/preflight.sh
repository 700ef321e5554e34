# shellcheck shell=bash
# Checks before anything is changed. Each failure says what to do.

APIS=(
    artifactregistry.googleapis.com cloudbuild.googleapis.com cloudfunctions.googleapis.com
    cloudresourcemanager.googleapis.com cloudscheduler.googleapis.com cloudtasks.googleapis.com
    iam.googleapis.com logging.googleapis.com monitoring.googleapis.com run.googleapis.com
    secretmanager.googleapis.com
)

PERMISSIONS=(
    cloudfunctions.functions.create cloudscheduler.jobs.create cloudtasks.queues.create
    cloudtasks.queues.setIamPolicy iam.serviceAccounts.actAs iam.serviceAccounts.create
    iam.serviceAccounts.setIamPolicy logging.logMetrics.create monitoring.alertPolicies.create
    monitoring.dashboards.create resourcemanager.projects.setIamPolicy run.services.setIamPolicy
    secretmanager.secrets.create secretmanager.secrets.setIamPolicy secretmanager.versions.access
    secretmanager.versions.add secretmanager.versions.list serviceusage.services.enable
)

# Roles that include these permissions. An editor may neither set policies nor read secrets.
# https://cloud.google.com/iam/docs/understanding-roles
ROLES=(
    roles/editor roles/cloudtasks.admin roles/iam.serviceAccountAdmin roles/resourcemanager.projectIamAdmin
    roles/run.admin roles/secretmanager.admin
)

preflight() {
    say "Checking tools, login and permissions"
    need gcloud supabase curl
    [[ $(supabase --version) =~ ^v?([3-9]|[1-9][0-9])\. ]] ||
        fail "the Supabase CLI is older than 3: $(where_to_find supabase)"
    can_reach_project
    # Not every account may read this. If yours may not, a missing billing account shows in a later step.
    [[ $(gcloud billing projects describe "$PROJECT" '--format=value(billingEnabled)' 2>/dev/null) != False ]] ||
        fail "project $PROJECT has no billing account: link one at https://console.cloud.google.com/billing/linkedaccount?project=$PROJECT"
    supabase_cli projects list --output-format=json | grep -F "\"$SUPABASE_REF\"" >/dev/null ||
        fail "your Supabase account cannot see project $SUPABASE_REF: set SUPABASE_ACCESS_TOKEN or run 'supabase login', and check --supabase-ref"
    check_permissions
    [[ -n $SUPABASE_SERVICE_ROLE_KEY ]] ||
        { is_enabled secretmanager.googleapis.com && has_value editai-supabase-service-role-key; } ||
        fail "SUPABASE_SERVICE_ROLE_KEY is needed for the first deployment: copy it from the project's API settings"
}

need() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || fail "$tool is not installed: $(where_to_find "$tool")"
    done
}

# gcloud's own error is shown before the advice.
can_reach_project() {
    [[ -n $(gcloud auth list --filter=status:ACTIVE '--format=value(account)') ]] ||
        fail "gcloud has no account: run 'gcloud auth login'"
    gcloud projects describe "$PROJECT" '--format=value(projectId)' >/dev/null ||
        fail "there is no project $PROJECT that your account can see: check the id, the network and 'gcloud auth login', or ask for access"
}

where_to_find() {
    case $1 in
        gcloud) echo 'https://cloud.google.com/sdk/docs/install' ;;
        supabase) echo 'https://supabase.com/docs/guides/local-development/cli/getting-started' ;;
        *) echo "install it with your system's package manager" ;;
    esac
}

# Fails if the account lacks one of the permissions. Pipes the token to curl.
check_permissions() {
    local token response permission
    local -a missing=()
    token=$(gcloud auth print-access-token) || fail "gcloud gives no access token: run 'gcloud auth login'"
    response=$(printf 'header = "Authorization: Bearer %s"\n' "$token" |
        curl --silent --config - --request POST --header 'Content-Type: application/json' \
            --data "{\"permissions\": [\"$(join '", "' "${PERMISSIONS[@]}")\"]}" \
            "https://cloudresourcemanager.googleapis.com/v1/projects/$PROJECT:testIamPermissions") || response=
    if [[ $response != *'"permissions"'* && $response != '{}' ]]; then
        printf '  your permissions could not be checked; a missing one will show in a later step\n'
        return
    fi
    for permission in "${PERMISSIONS[@]}"; do
        [[ $response == *"\"$permission\""* ]] || missing+=("$permission")
    done
    ((${#missing[@]} == 0)) ||
        fail "your account lacks ${missing[*]} on $PROJECT: ask for roles/owner, or for all of $(join ', ' "${ROLES[@]}")"
}

join() {
    local separator=$1 text=$2
    shift 2
    printf '%s' "$text" "${@/#/$separator}"
}

enable_apis() {
    say "Enabling APIs"
    local api
    local -a missing=()
    for api in "${APIS[@]}"; do
        is_enabled "$api" || missing+=("$api")
    done
    ((${#missing[@]} == 0)) || run gcloud services enable "${missing[@]}" "--project=$PROJECT" --quiet
}

is_enabled() {
    # Queried once, and again only if nothing is enabled yet.
    [[ -n ${ENABLED_APIS:-} ]] ||
        ENABLED_APIS=$(query gcloud services list --enabled "--project=$PROJECT" '--format=value(config.name)') || ENABLED_APIS=
    grep -qxF "$1" <<<"$ENABLED_APIS"
}
