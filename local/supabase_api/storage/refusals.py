"""What Supabase Storage responds to a request of the TUS protocol that it refuses: a status, and a sentence as text.

Sources: the errors of @tus/server, on which it is built, and of supabase/storage (src/internal/errors/codes.ts,
src/http/routes/tus/lifecycle.ts). Its statuses are not always those of the protocol's own text.
"""


class Refusal(Exception):
    """The request is refused with this status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def bad_signature(text: str) -> Refusal:
    """The header x-signature is missing, forged or expired, or permits another file."""
    return Refusal(400, text)


def type_not_allowed(content_type: str) -> Refusal:
    """The bucket does not allow this type."""
    return Refusal(415, f"mime type {content_type[:100]} is not supported")


def unsupported(extension: str) -> Refusal:
    """An extension of the protocol that is not offered."""
    return Refusal(501, f"{extension} extension is not (yet) supported.\n")


NO_SIGNATURE = bad_signature("Missing x-signature header")
NO_VERSION = Refusal(412, "Tus-Resumable Required\n")
NO_METADATA = Refusal(400, "Metadata header is required")
BAD_METADATA = Refusal(400, "Invalid upload-metadata\n")
NO_LENGTH = Refusal(400, "Upload-Length or Upload-Defer-Length header required\n")
NO_BUCKET = Refusal(404, "Bucket not found")
TOO_LARGE = Refusal(413, "Maximum size exceeded\n")
MORE_THAN_ANNOUNCED = Refusal(413, "upload's size exceeded\n")
NOT_FOUND = Refusal(404, "The file for this url was not found\n")
GONE = Refusal(410, "The file for this url no longer exists\n")
WRONG_OFFSET = Refusal(409, "Upload-Offset conflict\n")
NO_OFFSET = Refusal(403, "Upload-Offset header required\n")
NO_CONTENT_TYPE = Refusal(403, "Content-Type header required\n")
WRONG_CONTENT_TYPE = Refusal(415, "Unsupported Media Type: send application/offset+octet-stream")
EXISTS = Refusal(409, "The resource already exists")
TERMINATED_LATE = Refusal(400, "Cannot terminate an already completed upload")
GAVE_WAY = Refusal(400, "Request aborted due to lock acquired")
LOCKED = Refusal(503, "acquiring lock timeout")
