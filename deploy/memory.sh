# shellcheck shell=bash
# What may be in an instance's memory at once, files included: on Cloud Run, the temporary directory is in memory.
# docs/operations.md has these sums as a table, and tests hold them against the limits in the code.

MIB=$((1 << 20))
PYTHON_BYTES=$((192 * MIB))      # a function's own process
WARM_PARENT_BYTES=$((48 * MIB))  # the process from which probes are forked
PROBE_BYTES=$((254 * MIB))       # libav and MediaInfo, in shared/media/readers; two probes at once
FFMPEG_PROGRAM_BYTES=$((40 * MIB))  # of an ffmpeg, beyond its data: its program, and the kernel's tables of its pages
OUTPUT_BYTES=$((640 * MIB))      # the largest file that an ffmpeg may write

check_memory() {
    local job library worker
    # While a job probes a file, it runs no ffmpeg, which may use far more.
    job=$((FFMPEG_MEMORY_BYTES + FFMPEG_PROGRAM_BYTES + MAX_JOB_SOURCE_BYTES + OUTPUT_BYTES))
    worker=$((PYTHON_BYTES + WARM_PARENT_BYTES + WORKER_CONCURRENCY * job))
    library=$((PYTHON_BYTES + WARM_PARENT_BYTES + 2 * PROBE_BYTES + LIBRARY_CONCURRENCY * MAX_UPLOAD_BYTES + MAX_FILE_BYTES))
    must_fit WORKER_MEMORY "$worker" "FFMPEG_MEMORY_BYTES, MAX_JOB_SOURCE_BYTES or WORKER_CONCURRENCY"
    must_fit LIBRARY_MEMORY "$library" "LIBRARY_CONCURRENCY, MAX_UPLOAD_BYTES or MAX_FILE_BYTES"
}

# must_fit SETTING BYTES LOWER   Ends the deployment if an instance has less memory than its parts may take.
must_fit() {
    local memory
    memory=$(bytes_of "${!1}") || fail "$1 takes a size such as 6Gi, not '${!1}'"
    ((memory >= $2)) || fail "$1=${!1} is too small: its parts may take $(($2 / MIB)) MiB; raise it, or lower $3"
}

bytes_of() {
    [[ $1 =~ ^([0-9]+)(Mi|Gi)$ ]] || return 1
    [[ ${BASH_REMATCH[2]} == Mi ]] && printf '%d' "$((BASH_REMATCH[1] * MIB))" || printf '%d' "$((BASH_REMATCH[1] * 1024 * MIB))"
}
