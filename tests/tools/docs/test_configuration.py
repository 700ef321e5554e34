"""docs/configuration.md has every setting, with its default, and no other."""

import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings

import api
import pipeline
import shared
from local.parts.functions import settings_of_caller
from local.stack.ports import USUAL_PORTS
from tests.tools.docs import pages

PAGE = "docs/configuration.md"
SOURCES = ("shared", "functions", "local", "deploy", "deploy.sh", "supabase")


def test_every_setting_is_there_and_no_other() -> None:
    documented = [name for name, *_ in _rows("The functions")]
    assert sorted(documented) == sorted(_defaults())


def test_the_defaults_are_those_of_the_code() -> None:
    in_code = _defaults()
    wrong = {
        name: (default, in_code[name])
        for name, default, *_ in _rows("The functions")
        if default not in in_code[name]
    }
    assert not wrong


def test_the_local_stack_passes_on_what_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    section = _section("The local stack").partition("Unless `CORS")[0]
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", section))
    for name in {*named, *(name for name, *_ in _rows("The functions"))}:
        monkeypatch.setenv(name, "1")
    assert set(settings_of_caller()) == named


def test_the_ports_are_those_of_the_code() -> None:
    ports = {f"EDITAI_{name.upper()}_PORT": str(port) for name, port in USUAL_PORTS.items()}
    rows = _rows("The local stack")
    assert dict(row for row in rows if len(row) == 2) == ports


def test_every_other_variable_that_the_page_names_is_read_somewhere() -> None:
    source = "\n".join(path.read_text() for path in _source_files())
    for name, *_ in _rows("Logs, traces and metrics"):
        assert name in source, name


def test_the_deployed_values_are_those_of_the_deployment() -> None:
    script = (pages.ROOT / "deploy" / "settings.sh").read_text()
    listed = re.search(r"^DEFAULTS=\((.*?)^\)", script, re.MULTILINE | re.DOTALL)
    assert listed
    entries = re.findall(r"'?\b([A-Z_]+)=([^\s']+)", re.sub(r"#.*", "", listed[1]))
    deployed = {name: value for name, value in entries if name != "RETRY_SECONDS"}
    assert {name: default for name, default, *_ in _rows("Deployment")} == deployed


def _defaults() -> dict[str, set[str]]:
    """The defaults of each variable: two models may read the same one."""
    defaults: dict[str, set[str]] = defaultdict(set)
    for model in _models():
        for name, field in model.model_fields.items():
            required = field.is_required()
            defaults[name.upper()].add("required" if required else _written(field.default))
    return defaults


def _models() -> set[type[BaseSettings]]:
    """The settings models of the functions' own code."""
    for package in (shared, api, pipeline):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    roots = {shared.__name__, api.__name__, pipeline.__name__}
    models = _descendants(BaseSettings)
    return {model for model in models if model.__module__.partition(".")[0] in roots}


def _descendants(model: type[BaseSettings]) -> Iterator[type[BaseSettings]]:
    for child in model.__subclasses__():
        yield child
        yield from _descendants(child)


def _written(default: Any) -> str:
    """A default as the page writes it."""
    match default:
        case None | "":
            return "none"
        case ():
            return "[]"
        case bool():
            return str(default).lower()
        case _:
            return str(default)


def _section(heading: str) -> str:
    found = re.search(
        rf"^## {heading}$(.*?)(?=^## |\Z)", pages.page(PAGE), re.MULTILINE | re.DOTALL
    )
    assert found, heading
    return found[1]


def _rows(heading: str) -> list[list[str]]:
    """The rows of a section's tables that begin with a variable, without backquotes."""
    lines = re.findall(r"^\| (`[A-Z_]+` \|.*) \|$", _section(heading), re.MULTILINE)
    return [[cell.strip().strip("`") for cell in line.split(" | ")] for line in lines]


def _source_files() -> Iterator[Path]:
    for source in SOURCES:
        path = pages.ROOT / source
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.suffix in {".py", ".sh", ".ts"} and "node_modules" not in file.parts:
                yield file
