"""A typed client for the EditAI library API."""

from editai_client._async.client import LibraryClient
from editai_client._sync.client import SyncLibraryClient
from editai_client.problems import (
    Forbidden,
    InvalidRequest,
    JobNotCompleted,
    LibraryError,
    LimitReached,
    NotFound,
    PayloadTooLarge,
    ProjectBusy,
    TooManyJobs,
    Unauthenticated,
    Unavailable,
    UnusableVideo,
)
from editai_client.upload.memory import UploadMemory
from editai_client.upload.tus import UploadExpired

__all__ = [
    "Forbidden",
    "InvalidRequest",
    "JobNotCompleted",
    "LibraryClient",
    "LibraryError",
    "LimitReached",
    "NotFound",
    "PayloadTooLarge",
    "ProjectBusy",
    "SyncLibraryClient",
    "TooManyJobs",
    "Unauthenticated",
    "Unavailable",
    "UnusableVideo",
    "UploadExpired",
    "UploadMemory",
]
