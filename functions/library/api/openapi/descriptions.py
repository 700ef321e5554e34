"""The OpenAPI document's description of the whole API, and of its tags."""

from typing import Any

DESCRIPTION = """\
Upload a video to a project, start jobs that make clips from it, and render clips for publishing.

**Jobs.** A request that starts a job gets 202; the `Location` header is the URL of the progress. A project has one
active job at a time. While a job is active, starting another gets 409 at once, with `Retry-After`; with
`Prefer: wait=N` the request first waits up to N seconds. The number of active jobs of a user is limited across all
projects. At the limit, starting another gets 429, after the same optional wait. Job starts, and uploads and
confirmations, are also limited a minute: beyond that 429 comes at once, with `Retry-After`. A request with an
`Idempotency-Key` is safe to retry: the retry gets the first response again and starts no second job.

**Values.** Times are UTC in ISO 8601, durations are in seconds, sizes in bytes. In JSON, a number must be a number:
`"3"` is refused. A body with an unknown member is refused, and so is a query with an unknown parameter.

**Problems.** Every error is `application/problem+json` (RFC 9457). `type` is stable and meant for programs, `detail`
for people. Another user's resource and a missing one get the same 404. An unknown path gets
`#/components/responses/NotFound`, and a method that the path does not support gets
`#/components/responses/MethodNotAllowed`; operations do not repeat these two.

**Methods.** HEAD is GET without the content. OPTIONS lists the methods of a path in `Allow`.
"""

TAGS: list[dict[str, Any]] = [
    {
        "name": "projects",
        "description": "A project holds sources and clips, and runs one job at a time.",
    },
    {
        "name": "sources",
        "description": "The uploaded videos of a project. A browser sends a large video straight to storage: "
        "create a source, PUT the file to its `upload_url` or upload it by `resumable`, then confirm the source.",
    },
    {
        "name": "jobs",
        "description": "Start a job that makes raw clips from a video, clips from chosen segments, or a final "
        "render of a clip; then read its progress.",
    },
    {
        "name": "clips",
        "description": "Finished clips, their exports (final renders), and the export presets. Files are "
        "downloaded from signed URLs that expire.",
    },
    {
        "name": "webhooks",
        "description": "URLs that are told of your jobs. Requests are signed by the Standard Webhooks convention, and "
        "sent at least once.",
    },
    {
        "name": "files",
        "description": "The targets of signed URLs when the server stores files in a local directory. "
        "A signed URL needs no token; use it unchanged.",
    },
    {
        "name": "health",
        "description": "Whether the process is alive, and whether it is ready for requests.",
    },
]
