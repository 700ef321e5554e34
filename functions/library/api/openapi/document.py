"""The OpenAPI document: FastAPI's, completed with what FastAPI cannot derive from the routes."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.http.problems import InvalidPart, Problem
from api.models import GenerateFromSource, GenerateOptions
from api.openapi.generated_clients import PREFIX, fit_for_clients, operations
from api.openapi.problem_schemas import REFERENCE, problem_components
from api.openapi.responses import BINARY, problems
from api.openapi.webhooks import document_webhooks
from api.settings import get_library_settings
from shared.errors import MethodNotAllowed, NotFound
from shared.media.containers import supported_titles

JSON = "application/json"
ALLOW = {
    "Allow": {"description": "The methods that the path supports.", "schema": {"type": "string"}}
}


def operation_id(route: APIRoute) -> str:
    """A stable name that reads well in generated clients: the name of the function."""
    return route.name.lstrip("_")


def document(app: FastAPI, *, base_path: str) -> None:
    """Make an application build this document on first use."""
    document_webhooks(app)

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _build(app, base_path)
        return app.openapi_schema

    app.openapi = openapi


def _build(app: FastAPI, base_path: str) -> dict[str, Any]:
    # Imported here, because only the document needs them.
    from api.openapi.descriptions import DESCRIPTION, TAGS  # noqa: PLC0415

    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        tags=TAGS,
        servers=[{"url": get_library_settings().public_url.removesuffix(base_path)}],
        routes=app.routes,
        webhooks=app.webhooks.routes,
    )
    _add_components(schema.setdefault("components", {}))
    for operation in operations(schema):
        # Without docstrings (python -OO) FastAPI's own summary stays.
        if description := operation.get("description"):
            operation["summary"] = _first_sentence(description)
        _drop_default(operation)
        _complete_parameters(operation)
    fit_for_clients(schema)
    for operation in operations(schema):
        _add_examples(operation)
    return schema


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].partition("\n")[0].rstrip(".")


def _add_components(components: dict[str, Any]) -> None:
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for model in (Problem, InvalidPart, GenerateFromSource):
        model_schema = model.model_json_schema(ref_template=REFERENCE)
        schemas.update(model_schema.pop("$defs", {}))
        schemas[model.__name__] = model_schema
    schemas |= problem_components(schemas["Problem"])
    schemas["GenerateFromUpload"] = _upload_form()
    shared_responses = problems(NotFound, common=False) | problems(MethodNotAllowed, common=False)
    components["responses"] = {
        "NotFound": shared_responses[NotFound.status],
        "MethodNotAllowed": shared_responses[MethodNotAllowed.status] | {"headers": ALLOW},
    }


def _drop_default(operation: dict[str, Any]) -> None:
    """Remove FastAPI's default 422, because this API responds with problem details instead."""
    if JSON in operation["responses"].get("422", {}).get("content", {}):
        del operation["responses"]["422"]


def _complete_parameters(operation: dict[str, Any]) -> None:
    """Capitalize header names, and mark the parameters of signed URLs as required.

    In the code they are optional: a URL without a signature gets a 403, not a 422.
    """
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header":
            parameter["name"] = parameter["name"].title()
        if parameter["name"] in ("expires", "signature"):
            parameter["required"] = True
            parameter["schema"].pop("default", None)


def _add_examples(operation: dict[str, Any]) -> None:
    from api.openapi.examples import EXAMPLES  # noqa: PLC0415

    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for content in (content for body in bodies for content in body.get("content", {}).values()):
        name = content.get("schema", {}).get("$ref", "").removeprefix(PREFIX)
        if name in EXAMPLES:
            content["example"] = EXAMPLES[name]


def _upload_form() -> dict[str, Any]:
    """The schema of the upload form: the options and the file."""
    form = GenerateOptions.model_json_schema()
    video = {
        **BINARY,
        "contentMediaType": "application/octet-stream",
        "description": f"A video: {supported_titles()}.",
    }
    for field in form["properties"].values():
        if "anyOf" in field:  # form fields are text, so there is no null
            field.update(field.pop("anyOf")[0])
            del field["default"]
    form["properties"] = {"video": video, **form["properties"]}
    return form | {
        "title": "GenerateFromUpload",
        "description": "A video, and the options of its raw clips job.",
        "required": ["video"],
    }
