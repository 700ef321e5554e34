# shellcheck shell=bash
# Shared by the stand-ins: they record each call in $STANDIN and store created resources there as files. If
# $KILL_AFTER_EACH_CHANGE is set, they kill the whole deployment with SIGKILL, once after each kind of change.

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

# may_be_killed MOMENT   Kills the whole deployment the first time that it reaches a moment of this kind.
may_be_killed() {
    local kind
    [[ -n ${KILL_AFTER_EACH_CHANGE:-} ]] || return 0
    kind=$(kind_of "$1")
    grep -qxF "$kind" "$STANDIN/killed" && return
    printf '%s\n' "$kind" >>"$STANDIN/killed"
    kill -KILL 0
}

# kind_of CHANGE   One of several accounts, secrets, metrics, or grants of a role stands for all: they are made alike.
kind_of() {
    case $1 in
        *' allUsers '*) printf '%s' "$1" ;;
        'grant '*) printf 'grant %s' "${1##* }" ;;
        'create '* | 'secrets versions add '*) printf '%s' "${1% *}" ;;
        *) printf '%s' "$1" ;;
    esac
}
