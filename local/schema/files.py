"""The files of supabase/schemas: which there are, in which order they apply, and what each defines."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import psycopg

from local.programs import CHECKOUT

SUPABASE = CHECKOUT / "supabase"

_ROUTINE = re.compile(r"^create (?:or replace )?(?:function|procedure) public\.(\w+)", re.MULTILINE)
_END_OF_BODY = re.compile(r"^\$\$;$", re.MULTILINE)


class SchemaFilesWrong(ValueError):
    """supabase/schemas and its order in config.toml do not fit together, or do not apply."""


def schema_files(supabase: Path = SUPABASE) -> list[Path]:
    """The files in the order of `schema_paths` in config.toml, each once, as the Supabase CLI reads it.

    Raises SchemaFilesWrong for a pattern without a file, and for a file without a pattern.
    """
    config = tomllib.loads((supabase / "config.toml").read_text())
    files: dict[Path, None] = {}
    for pattern in config["db"]["migrations"]["schema_paths"]:
        found = sorted(supabase.glob(pattern.removeprefix("./")))
        if not found:
            raise SchemaFilesWrong(f"config.toml names {pattern}, and there is no such file")
        files |= dict.fromkeys(found)
    if forgotten := sorted(set((supabase / "schemas").rglob("*.sql")) - files.keys()):
        raise SchemaFilesWrong(f"no schema_paths of config.toml finds {forgotten[0]}")
    return list(files)


def apply_schema(url: str, files: Mapping[Path, str]) -> None:
    """Creates the schema in an empty database, in one transaction. Raises SchemaFilesWrong."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        for file, text in files.items():
            try:
                connection.execute(text.encode())
            except psycopg.Error as error:
                raise SchemaFilesWrong(f"{file}: {error}") from error


def read_files(supabase: Path = SUPABASE) -> dict[Path, str]:
    """The text of each file, in the order of `schema_files`."""
    return {file: file.read_text() for file in schema_files(supabase)}


def routines(text: str) -> dict[str, str]:
    """The functions and procedures in a file: each one's text by its name, with the comment above it."""
    found: dict[str, str] = {}
    start = 0
    for create in _ROUTINE.finditer(text):
        end = _END_OF_BODY.search(text, create.end())
        if end is None:
            raise SchemaFilesWrong(f"the body of {create[1]} does not end with a line $$;")
        found[create[1]] = text[start : end.end()].strip()
        start = end.end()
    return found
