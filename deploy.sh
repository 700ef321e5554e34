#!/usr/bin/env bash
# Deploys EditAI: a Supabase project with an edge function, three Cloud Run functions, a queue, a schedule and monitoring. You
# can run it again at any time: it changes only what differs from the wanted state, and continues where an interrupted run
# stopped.
#
#   ./deploy.sh --project ID --supabase-ref REF [--region REGION] [--env-file FILE]
#
#   --dry-run    print every command for an empty project, and run none
#   --destroy    remove the deployment from Google Cloud (the Supabase project stays); --yes skips the confirmation
#   --stage-only stage the functions in build/, and stop
#
# Secrets come from the environment or from the file (see deploy/example.env), never from the command line:
#   SUPABASE_SERVICE_ROLE_KEY   needed for the first deployment; then kept in Secret Manager
#   SUPABASE_JWT_SECRET         only for projects whose tokens are signed with a shared secret
#   OTEL_EXPORTER_OTLP_HEADERS  only for a collector of traces and metrics that requires a key
#   SUPABASE_ACCESS_TOKEN       or `supabase login`
#   SUPABASE_DB_PASSWORD        for the migrations, if the CLI asks for it
# shellcheck disable=SC2034 # deploy/*.sh use the variables that are set here
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DRY_RUN='' YES='' FUNCTIONS_CHANGED='' action=deploy env_file=''
STARTED_AT=$(date -u +%Y-%m-%dT%H:%M:%SZ)

for part in common settings memory preflight database identity functions schedule edge monitoring verify destroy; do
    # shellcheck source=/dev/null
    source "$ROOT/deploy/$part.sh"
done

usage() { sed -n '2,/^# shellcheck/{/^# shellcheck/!s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

read_options() {
    local -a given=()
    while (($#)); do
        case $1 in
            --project | --region | --supabase-ref | --env-file)
                (($# > 1)) || fail "$1 needs a value"
                given+=("$1=$2")
                shift
                ;;
            --project=* | --region=* | --supabase-ref=* | --env-file=*) given+=("$1") ;;
            --dry-run) DRY_RUN=yes ;;
            --destroy) action=destroy ;;
            --stage-only) action=stage ;;
            --yes) YES=yes ;;
            -h | --help)
                usage
                exit 0
                ;;
            *) fail "there is no option $1; see ./deploy.sh --help" ;;
        esac
        shift
    done
    apply_options "${given[@]}"
}

# Reads the file first, so that the command line takes precedence.
apply_options() {
    local option
    for option in "$@"; do
        [[ $option != --env-file=* ]] || env_file=${option#*=}
    done
    [[ -z $env_file ]] || read_settings "$env_file"
    for option in "$@"; do
        case $option in
            --project=*) PROJECT=${option#*=} ;;
            --region=*) REGION=${option#*=} ;;
            --supabase-ref=*) SUPABASE_REF=${option#*=} ;;
        esac
    done
}

main() {
    read_options "$@"
    cd "$ROOT"
    if [[ $action == stage ]]; then exec deploy/stage.sh; fi
    set_defaults
    check_settings
    check_memory
    if [[ $action == destroy ]]; then
        [[ -n $DRY_RUN ]] || need gcloud
        [[ -n $DRY_RUN ]] || can_reach_project
        set_names
        destroy
        return
    fi
    [[ -n $DRY_RUN ]] || preflight
    set_names
    # Before any command that needs them.
    enable_apis
    set_function_settings
    apply_migrations
    make_accounts
    store_secrets
    make_bucket
    make_queue
    make_metrics
    deploy_functions
    make_schedule
    deploy_edge_function
    make_dashboard
    make_alerts
    smoke_test
    print_idle_cost
    say "The library is available at $LIBRARY_URL"
}

main "$@"
