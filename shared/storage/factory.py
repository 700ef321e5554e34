"""Chooses a process's storage from its settings."""

from functools import lru_cache

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import get_settings, read_settings, secret_of
from shared.storage.check import StorageCheck
from shared.storage.interface import Storage


class StorageSettings(BaseSettings):
    """Settings that only storage reads from the environment."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    public_url: str = ""
    """The library's public base URL, under which it serves a local directory's files."""

    max_file_bytes: int = Field(default=500_000_000, gt=0)
    """The largest file that a local directory accepts. A bucket has a limit of its own."""

    resumable_upload_url: str | None = None
    """Where resumable uploads to a local directory are served; without it they are not offered."""


@lru_cache(maxsize=1)
def get_storage() -> Storage:
    """The storage of this process: the local directory if one is set, otherwise Supabase Storage."""
    settings = get_settings()
    if settings.storage_directory is None:
        from shared.storage.supabase_bucket import SupabaseStorage  # noqa: PLC0415 - only one is needed

        return SupabaseStorage(settings.storage_bucket)
    from shared.storage.local_directory import LocalStorage  # noqa: PLC0415
    from shared.storage.signed_urls import UrlSigner  # noqa: PLC0415
    from shared.storage.upload_tokens import UploadTokens  # noqa: PLC0415

    local = read_settings(StorageSettings)
    secret = SecretStr(secret_of(settings))
    signer = UrlSigner(base_url=local.public_url, secret=secret)
    return LocalStorage(
        settings.storage_directory,
        signer,
        UploadTokens(bucket=settings.storage_bucket, secret=secret),
        max_file_bytes=local.max_file_bytes,
        resumable_url=local.resumable_upload_url,
    )


@lru_cache(maxsize=1)
def get_storage_check() -> StorageCheck:
    """The check of this process's storage."""
    return StorageCheck(get_storage().check)
