# shellcheck shell=bash
# Shared by the stand-ins: they record each call in $STANDIN and store created resources there as files. If
# $KILL_AFTER_EACH_CHANGE is set, they kill the whole deployment with SIGKILL, once after each distinct change.

record() {
    local IFS=$'\x1f' environment secret known=''
    environment=$(declare -x)
    while read -r secret; do
        [[ $environment != *"$secret"* ]] || known=yes
    done <"$STANDIN/secrets"
    printf '%s\n' "$*" >>"$STANDIN/calls"
    [[ -z $known ]] || printf '%s\n' "$1" >>"$STANDIN/leaks"
}

# changed COMMAND   Called after a change was made.
changed() {
    printf '%s\n' "$1" >>"$STANDIN/changes"
    may_be_killed "$1"
}

# may_be_killed MOMENT   Kills the whole deployment the first time that it reaches this moment.
may_be_killed() {
    [[ -n ${KILL_AFTER_EACH_CHANGE:-} ]] || return 0
    grep -qxF "$1" "$STANDIN/killed" && return
    printf '%s\n' "$1" >>"$STANDIN/killed"
    kill -KILL 0
}
