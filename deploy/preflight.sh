# shellcheck shell=bash
# What must be there before anything is changed, each with a message that says what to do.

APIS=(
    artifactregistry.googleapis.com cloudbuild.googleapis.com cloudfunctions.googleapis.com
    cloudresourcemanager.googleapis.com cloudscheduler.googleapis.com cloudtasks.googleapis.com
    iam.googleapis.com logging.googleapis.com run.googleapis.com secretmanager.googleapis.com
)

PERMISSIONS=(
    cloudfunctions.functions.create cloudscheduler.jobs.create cloudtasks.queues.create
    cloudtasks.queues.setIamPolicy iam.serviceAccounts.actAs iam.serviceAccounts.create
    iam.serviceAccounts.setIamPolicy resourcemanager.projects.setIamPolicy run.services.setIamPolicy
    secretmanager.secrets.create secretmanager.secrets.setIamPolicy serviceusage.services.enable
)

preflight() {
    say "Checking tools, login and permissions"
    local tool
    for tool in gcloud supabase curl; do
        command -v "$tool" >/dev/null || fail "$tool is not installed: $(where_to_find "$tool")"
    done
    [[ $(supabase --version) =~ ^v?([3-9]|[1-9][0-9])\. ]] ||
        fail "the Supabase CLI is older than 3: $(where_to_find supabase)"
    [[ -n $(ask gcloud auth list --filter=status:ACTIVE '--format=value(account)') ]] ||
        fail "gcloud has no account: run 'gcloud auth login'"
    ask gcloud projects describe "$PROJECT" '--format=value(projectId)' >/dev/null ||
        fail "there is no project $PROJECT that your account may see: check the id, or ask for access"
    [[ $(ask gcloud billing projects describe "$PROJECT" '--format=value(billingEnabled)') != False ]] ||
        fail "project $PROJECT has no billing account: link one at https://console.cloud.google.com/billing/linkedaccount?project=$PROJECT"
    ask supabase_cli projects list --output-format=json | grep -F "\"$SUPABASE_REF\"" >/dev/null ||
        fail "Supabase shows no project $SUPABASE_REF to you: set SUPABASE_ACCESS_TOKEN or run 'supabase login', and check --supabase-ref"
    [[ -n $SUPABASE_SERVICE_ROLE_KEY ]] || has_value editai-supabase-service-role-key ||
        fail "SUPABASE_SERVICE_ROLE_KEY is needed for the first deployment: copy it from the project's API settings"
    check_permissions
}

where_to_find() {
    case $1 in
        gcloud) echo 'https://cloud.google.com/sdk/docs/install' ;;
        supabase) echo 'https://supabase.com/docs/guides/local-development/cli/getting-started' ;;
        *) echo "install it with your system's package manager" ;;
    esac
}

# Which of the permissions the account lacks. The token goes to curl by a pipe.
check_permissions() {
    local token answer permission
    local -a missing=()
    token=$(ask gcloud auth print-access-token) || fail "gcloud gives no access token: run 'gcloud auth login'"
    answer=$(printf 'header = "Authorization: Bearer %s"\n' "$token" |
        curl --silent --config - --request POST --header 'Content-Type: application/json' \
            --data "{\"permissions\": [\"$(join '", "' "${PERMISSIONS[@]}")\"]}" \
            "https://cloudresourcemanager.googleapis.com/v1/projects/$PROJECT:testIamPermissions") || answer=
    if [[ $answer != *'"permissions"'* && $answer != '{}' ]]; then
        printf '  your permissions could not be checked; what is missing will show on the way\n'
        return
    fi
    for permission in "${PERMISSIONS[@]}"; do
        [[ $answer == *"\"$permission\""* ]] || missing+=("$permission")
    done
    ((${#missing[@]} == 0)) ||
        fail "your account lacks ${missing[*]} on $PROJECT: ask for roles/owner, or for roles/editor with roles/resourcemanager.projectIamAdmin, roles/run.admin and roles/secretmanager.admin"
}

join() {
    local separator=$1 text=$2
    shift 2
    printf '%s' "$text" "${@/#/$separator}"
}

enable_apis() {
    say "Enabling APIs"
    local enabled api
    local -a missing=()
    enabled=$(ask gcloud services list --enabled "--project=$PROJECT" '--format=value(config.name)') || enabled=
    for api in "${APIS[@]}"; do
        grep -qxF "$api" <<<"$enabled" || missing+=("$api")
    done
    ((${#missing[@]} == 0)) || run gcloud services enable "${missing[@]}" "--project=$PROJECT" --quiet
}
