"""Both clients have a method for every call of the OpenAPI document, as their sources tell."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from api.app import BASE_PATH, create_app
from local.client_code import PYTHON, TYPESCRIPT

WITHOUT_A_METHOD = {
    "GET /healthz": "asked by load balancers and operators, not by a user's program",
    "GET /readyz": "likewise",
    "GET /files/{}": "a signed URL, which is taken from a response as it is",
    "PUT /files/{}": "likewise",
}
"""Calls that the clients leave out, and why."""

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


def _documented() -> set[str]:
    return {
        f"{method.upper()} {_template(path)}"
        for path, operations in create_app().openapi()["paths"].items()
        for method in operations
    }


def _template(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path.removeprefix(BASE_PATH))


def test_the_python_client_calls_all_that_is_documented() -> None:
    calls = {call for file in (PYTHON / "_async").glob("*.py") for call in _python_calls(file)}
    assert calls == _documented() - set(WITHOUT_A_METHOD)


def test_the_typescript_client_calls_all_that_is_documented() -> None:
    calls = {call for file in (TYPESCRIPT / "src").rglob("*.ts") for call in _typescript(file)}
    assert calls == _documented() - set(WITHOUT_A_METHOD)


def _python_calls(file: Path) -> Iterator[str]:
    """`….read(Model, "GET", path)`, `….send("DELETE", path)` and `….all(Page[Model], path)`, in each function.

    A path is written in the call, or assigned to `path` before it; the follower's is a property.
    """
    tree = ast.parse(file.read_text())
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if function.name == "_path" and (written := _written(function.body[-1])):
            yield f"GET {written}"
        assigned = ""
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "path":
                assigned = _written(node) or ""
        for node in ast.walk(function):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            method = "GET" if node.func.attr == "all" else _method(node)
            written = next(filter(None, map(_written, node.args)), "") or assigned
            if node.func.attr in ("read", "send", "all") and method and written:
                yield f"{method} {written}"


def _method(call: ast.Call) -> str | None:
    values = [each.value for each in call.args if isinstance(each, ast.Constant)]
    return next((value for value in values if value in METHODS), None)  # pyright: ignore[reportReturnType]


def _written(node: ast.AST) -> str | None:
    """The path in a statement or argument, as a template."""
    value = node.value if isinstance(node, ast.Assign | ast.Return) else node
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    texts = [
        "{}" if isinstance(part, ast.FormattedValue) else part.value
        for part in parts
        if isinstance(part, ast.FormattedValue | ast.Constant)
    ]
    path = "".join(text for text in texts if isinstance(text, str))
    return path if path.startswith("/") else None


def _typescript(file: Path) -> Iterator[str]:
    """`….api.GET(path, …)`, where the path is a text, a constant, or a template that begins with a constant.

    The compiler holds that there is such a path with such a method. The follower's request is its own.
    """
    text = file.read_text()
    constants = dict(re.findall(r'^const (\w+) = "(/[^"]+)";$', text, re.MULTILINE))
    for method, argument in re.findall(r"\bapi\.([A-Z]+)\(\s*([^\s,]+),", text):
        path = re.sub(r"\$\{(\w+)\}", lambda found: constants[found[1]], argument.strip('"`'))
        yield f"{method} {_template(constants.get(path, path))}"
