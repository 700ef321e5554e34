# shellcheck shell=bash
# Cloud Monitoring: metrics from the functions' log lines, a dashboard, and alert policies, from deploy/monitoring/cloud.
#
# Each resource carries a fingerprint of what it was made from, by which a second run sees that nothing has changed: a metric
# in its description, the dashboard and the policies in a label. Formats of the files:
#   metrics/*.json   https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics#LogMetric
#   alerts/*.json    https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
#   dashboard.json   https://cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards

MONITORING=deploy/monitoring/cloud
DASHBOARD=editai

# Made before the functions, because a policy is refused until its metric is visible, which takes up to ten minutes.
make_metrics() {
    say "Creating metrics from log lines"
    local file name description current
    current=$(query gcloud logging metrics list "--project=$PROJECT" '--format=value[separator="|"](name,description)') ||
        current=
    for file in "$MONITORING"/metrics/*.json; do
        name=$(metric_of "$file")
        description="EditAI, fingerprint $(digest "$file")"
        if grep -qxF "$name|$description" <<<"$current"; then continue; fi
        write_resource "$file" "\"description\": \"$description\","
        run gcloud logging metrics "$(verb_for "$name|" "$current")" "$name" "--project=$PROJECT" \
            "--config-from-file=$(staged "$file")" --quiet
    done
}

make_dashboard() {
    say "Creating the dashboard"
    local file="$MONITORING/dashboard.json" fingerprint label current etag=''
    fingerprint=$(digest "$file")
    label="\"labels\": {\"fingerprint_$fingerprint\": \"\"},"
    if current=$(query gcloud monitoring dashboards describe "$DASHBOARD" "--project=$PROJECT" \
        '--format=value[separator="|"](etag,labels)'); then
        [[ $current != *"fingerprint_$fingerprint"* ]] || return 0
        # An update is accepted only with the tag of the state that it replaces.
        etag=${current%%|*}
        write_resource "$file" "$label \"etag\": \"$etag\","
        run gcloud monitoring dashboards update "$DASHBOARD" "--project=$PROJECT" \
            "--config-from-file=$(staged "$file")" --quiet
    else
        write_resource "$file" "$label \"name\": \"projects/$PROJECT_NUMBER/dashboards/$DASHBOARD\","
        run gcloud monitoring dashboards create "--project=$PROJECT" "--config-from-file=$(staged "$file")" --quiet
    fi
}

make_alerts() {
    say "Creating alert policies"
    local file name fingerprint current policy known channels
    current=$(list_alerts)
    for file in "$MONITORING"/alerts/*.json; do
        name=$(basename "$file" .json)
        fingerprint=$(digest "$file" "$ALERT_CHANNELS")
        IFS='|' read -r policy _ known channels < <(grep -F "|$name|" <<<"$current") || policy='' known='' channels=''
        [[ $known != "$fingerprint" ]] || continue
        # Without a setting, a policy keeps the channels that it was given by hand.
        write_resource "$file" "\"userLabels\": {\"editai_alert\": \"$name\", \"editai_fingerprint\": \"$fingerprint\"}," \
            "\"notificationChannels\": $(as_json_list "${ALERT_CHANNELS:-${channels//;/,}}"),"
        if [[ -n $policy ]]; then
            run gcloud monitoring policies update "$policy" "--project=$PROJECT" \
                "--policy-from-file=$(staged "$file")" --quiet
        else
            RETRIES=60 RETRY_SECONDS=$((RETRY_SECONDS * 2)) retry_until_available \
                gcloud monitoring policies create "--project=$PROJECT" "--policy-from-file=$(staged "$file")" --quiet
        fi
    done
}

remove_monitoring() {
    local policy file
    while IFS='|' read -r policy _; do
        [[ -z $policy ]] || remove "monitoring policies" "$policy"
    done < <([[ -n $DRY_RUN ]] || list_alerts)
    remove "monitoring dashboards" "$DASHBOARD"
    for file in "$MONITORING"/metrics/*.json; do
        remove "logging metrics" "$(metric_of "$file")"
    done
}

# Our policies, as resource|name|fingerprint|channels. Google chooses the name of the resource, so ours is a label.
list_alerts() {
    query gcloud monitoring policies list "--project=$PROJECT" \
        '--format=value[separator="|"](name,userLabels.editai_alert,userLabels.editai_fingerprint,notificationChannels)' |
        grep -v '^[^|]*||' || true
}

metric_of() { printf 'editai_%s' "$(basename "$1" .json)"; }

# verb_for START LINES   update if one of the lines begins so, else create.
verb_for() {
    if [[ $'\n'$2 == *$'\n'$1* ]]; then echo update; else echo create; fi
}

# digest FILE [TEXT]   A hash of a file as it is deployed, which is a valid label.
digest() { { as_deployed "$1" && printf '%s' "${2:-}"; } | sha256sum | cut -c1-40; }

# The queue's name is a setting.
as_deployed() { sed "s/queue_id=\\\\\"editai-jobs\\\\\"/queue_id=\\\\\"$QUEUE\\\\\"/" "$1"; }

staged() { printf 'build/monitoring/%s' "${1#"$MONITORING/"}"; }

# write_resource FILE MEMBER...   Writes a file as it is deployed, with further members at the start of its object.
write_resource() {
    local file=$1 target
    target=$(staged "$1")
    shift
    [[ -z $DRY_RUN ]] || return 0
    mkdir -p "$(dirname "$target")"
    printf '{\n%s\n%s\n' "$*" "$(as_deployed "$file" | tail -n +2)" >"$target"
}

# as_json_list TEXT   The words of a text with commas, as a list of JSON.
as_json_list() {
    local words=$1
    [[ -z $words ]] || words="\"${words//,/\", \"}\""
    printf '[%s]' "$words"
}
