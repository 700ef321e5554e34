"""The settings of the library alone."""

import re
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.settings import read_settings

DEFAULT_MAX_UPLOAD_BYTES = 500_000_000

_ANY_PORT = ":*"
_Origins = TypeAdapter(tuple[str, ...])


def _origins(value: Any) -> Any:
    """Parse a JSON list. pydantic-settings' own parsing would raise SettingsError instead of a ValidationError."""
    try:
        return _Origins.validate_json(value) if isinstance(value, str) else value
    except ValidationError:
        raise ValueError('expected a JSON list such as ["https://app.example"]') from None


def _origin_pattern(origin: str) -> str:
    host = origin.removesuffix(_ANY_PORT)
    return re.escape(host) + ("(:[0-9]{1,5})?" if host != origin else "")


class LibrarySettings(BaseSettings):
    """Each field is read from the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    public_url: str = Field(pattern=r"^https?://.*[^/]$")
    """The URL of the library for its clients, with the base path."""

    max_upload_bytes: int = Field(default=DEFAULT_MAX_UPLOAD_BYTES, gt=0)
    """The maximum size of an uploaded video. A cloud's own limit on requests may be lower."""

    max_probes_per_minute: int = Field(default=30, ge=1)
    """How many uploaded files of a user are probed a minute; the service key has no limit."""

    max_projects_per_user: int = Field(default=1000, ge=1)
    max_pending_sources_per_user: int = Field(default=50, ge=1)
    """How many sources of a user may wait for their upload, over all projects."""

    slow_head_seconds: float = Field(default=10, gt=0)
    """The timeout for receiving a request's line and headers."""

    slow_body_seconds: float = Field(default=30, gt=0)
    """The timeout for each 64 KiB of a body. Only the time that the library waits for data counts."""

    events_max_seconds: float = Field(default=300, gt=0)
    """How long an event stream of progress stays open; its client then resumes it. Keep it below the platform's limit
    for a request."""

    cors_allowed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)] = ()
    """The origins of web pages that may call the library, as a JSON list. `http://localhost:*` stands for any port."""

    url_ttl_seconds: int = Field(default=3600, gt=0)
    """How long a signed download URL is valid."""

    @property
    def cors_origin_pattern(self) -> str:
        """A regular expression for the whole of an allowed origin."""
        return "|".join(map(_origin_pattern, self.cors_allowed_origins)) or "(?!)"


@lru_cache(maxsize=1)
def get_library_settings() -> LibrarySettings:
    """The settings of this process."""
    return read_settings(LibrarySettings)
