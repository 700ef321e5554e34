"""The OpenAPI document: FastAPI's, completed with what its routes cannot say by themselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.models import GenerateFromSource, GenerateOptions
from api.problems import Problem

JSON = "application/json"
REFERENCE = "#/components/schemas/{model}"


def document(app: FastAPI) -> None:
    """Give an application its document, made when it is first asked for."""

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _complete(
                get_openapi(title=app.title, version=app.version, routes=app.routes)
            )
        return app.openapi_schema

    app.openapi = openapi


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for model in (Problem, GenerateFromSource):
        described = model.model_json_schema(ref_template=REFERENCE)
        components.update(described.pop("$defs", {}))
        components[model.__name__] = described
    components["GenerateFromUpload"] = _upload_form()
    _drop_defaults(schema, components)
    return schema


def _drop_defaults(schema: dict[str, Any], components: dict[str, Any]) -> None:
    """Take out FastAPI's own 422, which is not how this API answers."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            if JSON in operation["responses"].get("422", {}).get("content", {}):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)


def _upload_form() -> dict[str, Any]:
    """The form of an upload: its fields and its file."""
    form = GenerateOptions.model_json_schema()
    video = {
        "type": "string",
        "contentMediaType": "application/octet-stream",
        "description": "An MP4, MOV, WebM, MKV, AVI or MPEG-TS file.",
    }
    form["properties"] = {"video": video, **form["properties"]}
    return form | {"title": "GenerateFromUpload", "required": ["video"]}
