"""Settings of the functions, read once from the environment."""

from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SettingsModel = TypeVar("SettingsModel", bound=BaseSettings)


class MissingSettings(RuntimeError):
    """A setting is missing from the environment or has an invalid value."""


class DatabaseSettings(BaseSettings):
    """What a process needs to call the database. Each field is the environment variable of its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    supabase_url: str = Field(pattern=r"^https?://")
    supabase_service_role_key: SecretStr


class Settings(DatabaseSettings):
    """Settings that every function needs."""

    storage_directory: Path | None = None
    """A directory that replaces Supabase Storage on a single machine; unset in the cloud."""
    cloud_tasks_queue: str = ""
    """The queue that delivers jobs (see shared.dispatch.cloud_tasks); without one, they are posted to the worker."""
    internal_secret: SecretStr | None = Field(default=None, min_length=16, validate_default=True)
    """The bearer token that callers of the internal functions (worker, lease_cleanup) present.

    With a directory, it also signs file URLs. With a queue and a bucket, Google's ID tokens take its place.
    """
    storage_bucket: str = "editai"

    lease_ttl_seconds: float = Field(default=60, gt=0, le=3600)
    dispatch_ttl_seconds: float = Field(default=30, gt=0, le=3600)
    """How long after a dispatch cleanup dispatches a job again that is still queued. It holds its project anyway."""
    job_deadline_seconds: float = Field(default=3600, gt=0)
    job_max_attempts: int = Field(default=3, ge=1)
    max_active_jobs_per_user: int = Field(default=5, ge=1)
    """How many jobs a user may have queued or running across all projects; the service key has no limit."""
    max_starts_per_minute: int = Field(default=30, ge=1)
    """How many jobs a user may start a minute; the service key has no limit."""

    job_retention_days: float = Field(default=90, ge=1)
    """How long the row of a job is kept after its end. Its clips and exports are kept anyway."""
    idempotency_key_days: float = Field(default=7, ge=1)
    """How long a repeated start is still recognised by its idempotency key after the job's end."""

    @field_validator("internal_secret")
    @classmethod
    def _needed_without_queue_or_bucket(
        cls, secret: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if secret is None and (
            info.data.get("storage_directory") or not info.data.get("cloud_tasks_queue")
        ):
            raise ValueError("set it, or CLOUD_TASKS_QUEUE and no STORAGE_DIRECTORY")
        return secret


def secret_of(settings: Settings) -> str:
    """The internal secret, where it is needed. Raises MissingSettings."""
    if settings.internal_secret is None:
        raise MissingSettings("environment: INTERNAL_SECRET")
    return settings.internal_secret.get_secret_value()


def read_settings(model: type[SettingsModel]) -> SettingsModel:
    """Read a settings model from the environment; raise MissingSettings naming each variable and its problem."""
    try:
        return model()
    except ValidationError as error:
        raise _missing(_problems(error)) from None


def check_settings(*models: type[BaseSettings]) -> None:
    """Check all settings of a function at its start; raise one MissingSettings with the problems of all models.

    Otherwise it would start and fail on its first request.
    """
    problems: list[str] = []
    for model in models:
        try:
            model()
        except ValidationError as error:
            problems += _problems(error)
    if problems:
        raise _missing(problems)


def _missing(problems: list[str]) -> MissingSettings:
    # Two models may read the same variable.
    return MissingSettings(f"environment: {', '.join(dict.fromkeys(problems))}")


def _problems(error: ValidationError) -> list[str]:
    """Names and reasons only: a value may be a secret."""
    return [
        f"{'.'.join(map(str, problem['loc'])).upper()} ({problem['msg'].removeprefix('Value error, ')})"
        for problem in error.errors(include_input=False, include_url=False)
    ]


@lru_cache(maxsize=1)
def get_database_settings() -> DatabaseSettings:
    """The database's settings of this process."""
    return read_settings(DatabaseSettings)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process."""
    return read_settings(Settings)
