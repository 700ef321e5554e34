"""The settings of webhooks."""

from functools import lru_cache

from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import read_settings


class WebhookSettings(BaseSettings):
    """Each field is read from the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    webhooks_to_loopback: bool = False
    """Also allow http, and this machine's own addresses; only for the local stack."""


@lru_cache(maxsize=1)
def get_webhook_settings() -> WebhookSettings:
    """The settings of this process."""
    return read_settings(WebhookSettings)
