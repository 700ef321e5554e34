"""Settings are read once a process. Tests that change the environment have them read again."""

from shared.settings import get_database_settings, get_settings


def forget_settings() -> None:
    """Read the settings again at their next use."""
    get_settings.cache_clear()
    get_database_settings.cache_clear()
