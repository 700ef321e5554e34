"""Settings that only the library reads."""

from functools import lru_cache

from pydantic import Field, Json
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import read_settings


class LibrarySettings(BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    public_url: str = Field(pattern=r"^https?://.*[^/]$")
    """Where clients reach the library, with its base path."""

    max_upload_bytes: int = Field(default=500_000_000, gt=0)
    """The largest video taken in. A cloud's own limit on requests may be lower."""

    cors_allowed_origins: Json[tuple[str, ...]] = ()
    """The origins of web pages that may call the library; a JSON list."""

    url_ttl_seconds: int = Field(default=3600, gt=0)
    """How long a signed URL of a file works."""


@lru_cache(maxsize=1)
def get_library_settings() -> LibrarySettings:
    """The settings of this process."""
    return read_settings(LibrarySettings)
