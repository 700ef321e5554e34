"""Where the library is and who calls it: from options, from the environment, or from `editai login`."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from editai_cli.failures import ExitStatus, Failure

if TYPE_CHECKING:
    from editai_client import SyncLibraryClient
    from editai_client.supabase import Grant, SupabaseSession


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What all commands share."""

    url: str | None
    token: str | None
    as_json: bool

    def connect(self) -> "SyncLibraryClient":
        """A client for the library. Raises Failure if it is not known where that is or who calls."""
        from editai_client import SyncLibraryClient  # noqa: PLC0415 - see the package's docstring

        url, token = self.url, self.token or _stored_token()
        if not url and (stored := _read()):
            url = stored.library_url
        if not url:
            raise Failure("Say where the library is: --url, EDITAI_URL or `editai login`.")
        if not token:
            message = "Sign in: --token, EDITAI_TOKEN or `editai login`."
            raise Failure(message, ExitStatus.NOT_SIGNED_IN)
        return SyncLibraryClient(url, token)


@dataclass(frozen=True, kw_only=True)
class StoredSession:
    """What `editai login` keeps."""

    library_url: str
    supabase_url: str
    anon_key: str
    grant: "Grant"


def state_directory() -> Path:
    """Where unfinished uploads are remembered (XDG base directories)."""
    return _base("XDG_STATE_HOME", ".local/state")


def store(library_url: str, session: "SupabaseSession") -> None:
    """Keep a session, readable by its user only."""
    import json  # noqa: PLC0415

    content = {
        "library_url": library_url,
        "supabase_url": session.url,
        "anon_key": session.anon_key,
        "grant": session.grant.model_dump(),
    }
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(content))
    draft.replace(path)


def forget() -> None:
    """Remove the stored session."""
    _path().unlink(missing_ok=True)


def _stored_token() -> Callable[[], str] | None:
    from editai_client.supabase import SupabaseSession  # noqa: PLC0415

    stored = _read()
    if stored is None:
        return None

    def keep(grant: "Grant") -> None:
        session.grant = grant
        store(stored.library_url, session)

    session = SupabaseSession(stored.supabase_url, stored.anon_key, stored.grant, on_refresh=keep)
    return session.token


def _read() -> StoredSession | None:
    import json  # noqa: PLC0415

    from editai_client.supabase import Grant  # noqa: PLC0415

    try:
        content = json.loads(_path().read_text())
        grant = Grant.model_validate(content.pop("grant"))
        return StoredSession(**content, grant=grant)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path() -> Path:
    return _base("XDG_CONFIG_HOME", ".config") / "session.json"


def _base(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default) / "editai"
