"""A resumable upload as the API describes it: what a TUS client is given.

Source: Supabase Storage, "Resumable Uploads": the path, the names of the metadata, the size of a chunk, and the header
with a signed upload token.
"""

from datetime import datetime

from shared.api_models import ResumableUpload
from shared.storage.interface import UploadAccess

CHUNK_BYTES = 6 << 20
"""Supabase Storage takes chunks of this size alone, except the last."""

CACHE_SECONDS = 3600
"""The default of Supabase's own client. Files have URLs that expire, and never change."""


def resumable_upload(
    access: UploadAccess, *, content_type: str, expires_at: datetime
) -> ResumableUpload | None:
    """How to upload the file in parts; None where storage does not offer it.

    The protocol's own header, Tus-Resumable, is left out: a client sends it, and a browser joins two of one name into a
    value that the server refuses.
    """
    if access.resumable_url is None:
        return None
    return ResumableUpload(
        url=access.resumable_url,
        headers={"x-signature": access.token},
        metadata={
            "bucketName": access.bucket,
            "objectName": access.path,
            "contentType": content_type,
            "cacheControl": str(CACHE_SECONDS),
        },
        chunk_bytes=CHUNK_BYTES,
        expires_at=expires_at,
    )
