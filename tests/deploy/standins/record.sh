# shellcheck shell=bash
# What the stand-ins have in common: they record each call in $STANDIN, keep what was made there as files, and end the
# whole deployment by SIGKILL, where $KILL_AFTER_EACH_CHANGE is set: once after each change that there is.

record() {
    local IFS=$'\x1f' environment secret known=''
    environment=$(declare -x)
    while read -r secret; do
        [[ $environment != *"$secret"* ]] || known=yes
    done <"$STANDIN/secrets"
    printf '%s\n' "$*" >>"$STANDIN/calls"
    [[ -z $known ]] || printf '%s\n' "$1" >>"$STANDIN/leaks"
}

# changed COMMAND   To be called after the change was made.
changed() {
    printf '%s\n' "$1" >>"$STANDIN/changes"
    may_be_killed "$1"
}

# may_be_killed MOMENT   Here the whole deployment may end, once.
may_be_killed() {
    [[ -n ${KILL_AFTER_EACH_CHANGE:-} ]] || return 0
    grep -qxF "$1" "$STANDIN/killed" && return
    printf '%s\n' "$1" >>"$STANDIN/killed"
    kill -KILL 0
}
