"""What the OpenAPI document says about the API as a whole."""

from typing import Any

DESCRIPTION = """\
Upload a video to a project, let jobs make clips of it, and render clips for publishing.

**Jobs.** A call that starts a job responds 202 with the `Location` of its progress. A project has one job at a time:
while one runs, starting another gets 409 at once, with `Retry-After`. `Prefer: wait=N` waits up to N seconds first. The
number of a user's active jobs, over all projects, is limited: one more gets 429, or waits in the same way. A call with
an `Idempotency-Key` is safe to retry: it gets the first response and starts nothing.

**Values.** Times are UTC in ISO 8601, durations seconds, sizes bytes. Numbers are numbers: `"3"` is not 3. A body
with a member that is not described here is refused.

**Problems.** Every error is `application/problem+json` (RFC 9457). `type` is stable and meant for programs, `detail`
for people. Another user's resource and a missing one are the same 404. An unknown path gets
`#/components/responses/NotFound`, a method that a path does not allow
`#/components/responses/MethodNotAllowed`.

**Methods.** HEAD is GET without its content; OPTIONS lists the methods of a path in `Allow`.
"""

TAGS: list[dict[str, Any]] = [
    {"name": "projects", "description": "What sources, jobs and clips belong to."},
    {
        "name": "sources",
        "description": "The videos of a project. A large one goes from the browser straight to storage: "
        "create a source, PUT the file to its `upload_url`, confirm the source.",
    },
    {
        "name": "jobs",
        "description": "Raw clips of a video, clips of chosen segments, final renders; and how far a job is.",
    },
    {
        "name": "clips",
        "description": "What jobs have made, its exports, and the presets to export for. Files are reached by "
        "signed URLs that expire.",
    },
    {
        "name": "files",
        "description": "Where signed URLs lead when files are kept in a directory of the server. "
        "A URL is its own permission; take it as it was given.",
    },
    {
        "name": "health",
        "description": "Whether the process responds, and whether it can serve requests.",
    },
]
