"""Where the database is: from the environment, or else from the local stack of the current directory."""

import json
import os
from pathlib import Path

STACK = Path(".local/stack.json")
_NAMES = {
    "SUPABASE_URL": "supabase_url",
    "SUPABASE_SERVICE_ROLE_KEY": "service_role_key",
    "PUBLIC_URL": "library_url",
}


def load_environment() -> None:
    """Without SUPABASE_URL, take the addresses and the key of the local stack, if there is one."""
    if os.environ.get("SUPABASE_URL") or not STACK.is_file():
        return
    stack = json.loads(STACK.read_text())
    os.environ.update({name: stack[member] for name, member in _NAMES.items()})
