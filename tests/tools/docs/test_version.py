"""There is one version: of the project, of its API and of the newest entry of the changelog."""

import json
import re
import tomllib
from datetime import date

import pytest

from api.app import create_app
from shared import __version__
from tests.tools.docs import pages

_RELEASE = re.compile(
    r"^## \[(?P<version>\d+\.\d+\.\d+)\] - (?P<day>\d{4}-\d\d-\d\d)$", re.MULTILINE
)


@pytest.mark.parametrize("path", ["pyproject.toml", "clients/python/pyproject.toml"])
def test_the_packages_have_it(path: str) -> None:
    assert tomllib.loads(pages.page(path))["project"]["version"] == __version__


def test_the_npm_package_has_it() -> None:
    for file in ("package.json", "package-lock.json"):
        assert json.loads(pages.page(f"clients/typescript/{file}"))["version"] == __version__


def test_the_api_has_it() -> None:
    assert create_app().openapi()["info"]["version"] == __version__


def test_the_newest_release_of_the_changelog_has_it() -> None:
    releases = list(_RELEASE.finditer(pages.page("CHANGELOG.md")))
    assert releases[0]["version"] == __version__
    days = [date.fromisoformat(release["day"]) for release in releases]
    assert days == sorted(days, reverse=True)


def test_unreleased_changes_stand_above_the_newest_release() -> None:
    headings = re.findall(r"^## (.+)$", pages.page("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
