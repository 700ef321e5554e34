"""python -OO strips docstrings: no title or document may depend on one."""

import json
import subprocess
import sys

import pytest

from shared.errors import EditAIError, ProjectBusy

PROGRAM = """
import json
from api.app import create_app
from shared.errors import ProjectBusy
print(json.dumps({"problem": ProjectBusy().problem(), "document": create_app().openapi()}))
"""


@pytest.fixture(scope="module")
def without_docstrings() -> dict[str, dict[str, object]]:
    """A problem and the OpenAPI document, made by an interpreter without docstrings."""
    command = [sys.executable, "-OO", "-c", PROGRAM]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def test_a_problem_keeps_its_title(without_docstrings: dict[str, dict[str, object]]) -> None:
    assert without_docstrings["problem"] == ProjectBusy().problem()


def test_the_document_can_be_built(without_docstrings: dict[str, dict[str, object]]) -> None:
    paths = without_docstrings["document"]["paths"]
    assert isinstance(paths, dict)
    assert "/api/v1/library/projects/{project_id}/generate" in paths


def test_every_error_has_a_title_of_its_own() -> None:
    titles = [kind.title for kind in _kinds(EditAIError) if kind.__module__ == "shared.errors"]
    assert len(set(titles)) == len(titles)


def _kinds(kind: type[EditAIError]) -> list[type[EditAIError]]:
    return [kind, *(k for child in kind.__subclasses__() for k in _kinds(child))]
