"""The schema's version, which three places state: a migration's name, a SQL function and a Python constant."""

import re
from collections.abc import Mapping
from pathlib import Path

from local.programs import CHECKOUT
from local.schema.files import SchemaFilesWrong

CODE = CHECKOUT / "shared" / "database" / "schema_version.py"
_SQL_FILE = "version/schema_version.sql"

_IN_SQL = re.compile(r"(?<=select ')\d{14}(?=')")
_IN_MIGRATION = re.compile(
    r"(?<=\bfunction )(public\.editai_schema_version\(\)[^$]*\$\$\s+select ')\d{14}"
)
_IN_PYTHON = re.compile(r'(?<=^SCHEMA_VERSION = ")\d{14}(?="$)', re.MULTILINE)


def stated_in_sql(files: Mapping[Path, str], version: str) -> dict[Path, str]:
    """The schema files, with editai_schema_version returning this version."""
    return {
        file: _replaced(_IN_SQL, file, text, version)
        if file.as_posix().endswith(_SQL_FILE)
        else text
        for file, text in files.items()
    }


def stated_in_migration(text: str, version: str) -> str:
    """A migration, with the editai_schema_version that it creates, if any, returning this version."""
    return _IN_MIGRATION.sub(rf"\g<1>{version}", text)


def stated_in_python(code: Path, version: str) -> str:
    """The Python file, with this SCHEMA_VERSION."""
    return _replaced(_IN_PYTHON, code, code.read_text(), version)


def _replaced(pattern: re.Pattern[str], file: Path, text: str, version: str) -> str:
    changed, count = pattern.subn(version, text)
    if count != 1:
        raise SchemaFilesWrong(
            f"{file} states the schema's version {count} times, not once."
            " After a merge conflict, keep either of the two: this command writes the new one."
        )
    return changed
