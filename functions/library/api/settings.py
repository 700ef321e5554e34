"""Settings that only the library reads."""

from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.settings import read_settings

_Origins = TypeAdapter(tuple[str, ...])


def _origins(value: Any) -> Any:
    """The list that a text holds; pydantic-settings itself ends with an error of another kind where it is none."""
    try:
        return _Origins.validate_json(value) if isinstance(value, str) else value
    except ValidationError:
        raise ValueError('a JSON list is needed, such as ["https://app.example"]') from None


class LibrarySettings(BaseSettings):
    """Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    public_url: str = Field(pattern=r"^https?://.*[^/]$")
    """Where clients reach the library, with its base path."""

    max_upload_bytes: int = Field(default=500_000_000, gt=0)
    """The largest video taken in. A cloud's own limit on requests may be lower."""

    slow_head_seconds: float = Field(default=10, gt=0)
    """How long a connection may take to send a request's line and headers."""

    slow_body_seconds: float = Field(default=30, gt=0)
    """How long a body may take for each 64 KiB, as far as the library waits for it."""

    cors_allowed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)] = ()
    """The origins of web pages that may call the library; a JSON list."""

    url_ttl_seconds: int = Field(default=3600, gt=0)
    """How long a signed URL of a file works."""


@lru_cache(maxsize=1)
def get_library_settings() -> LibrarySettings:
    """The settings of this process."""
    return read_settings(LibrarySettings)
