"""The schema's version, which three places state: a migration's name, a SQL function and a Python constant."""

import re
from collections.abc import Mapping
from pathlib import Path

from local.programs import CHECKOUT
from local.schema.files import SchemaFilesWrong

CODE = CHECKOUT / "shared" / "database" / "schema_version.py"
_SQL_FILE = "version/schema_version.sql"

_IN_SQL = re.compile(r"(?<=select ')\d{14}(?=')")
_IN_PYTHON = re.compile(r'(?<=^SCHEMA_VERSION = ")\d{14}(?="$)', re.MULTILINE)


def stated_in_sql(files: Mapping[Path, str], version: str) -> dict[Path, str]:
    """The schema files, with editai_schema_version returning this version."""
    return {
        file: _replaced(_IN_SQL, text, version) if file.as_posix().endswith(_SQL_FILE) else text
        for file, text in files.items()
    }


def state_in_python(code: Path, version: str) -> None:
    """Writes SCHEMA_VERSION."""
    code.write_text(_replaced(_IN_PYTHON, code.read_text(), version))


def _replaced(pattern: re.Pattern[str], text: str, version: str) -> str:
    changed, count = pattern.subn(version, text)
    if count != 1:
        raise SchemaFilesWrong(f"the schema's version is stated {count} times, not once")
    return changed
