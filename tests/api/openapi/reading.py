"""Reading an OpenAPI document: its operations, and whether a value fits a schema of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openapi_schema_validator import OAS31Validator, oas31_format_checker


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a path answers to a method."""

    path: str
    method: str
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Its operationId."""
        return self.content["operationId"]

    @property
    def statuses(self) -> set[int]:
        """Every status that is described."""
        return {int(status) for status in self.content["responses"]}

    def has_query(self, name: str) -> bool:
        """Tells whether it takes a parameter in its query."""
        return any(
            parameter["name"] == name and parameter["in"] == "query"
            for parameter in self.content.get("parameters", ())
        )

    def problem_types(self) -> set[str]:
        """The types of the problems that are shown as examples."""
        return {
            example["value"]["type"]
            for response in self.content["responses"].values()
            for media in response.get("content", {}).values()
            for example in media.get("examples", {}).values()
        }


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """All operations, in the document's order."""
    for path, methods in document["paths"].items():
        for method, content in methods.items():
            yield Operation(path=path, method=method.upper(), content=content)


def faults(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """What of a value does not fit a schema; its references lead into the document."""
    whole = {**schema, "components": document["components"]}
    validator = OAS31Validator(whole, format_checker=oas31_format_checker)
    return [error.message for error in validator.iter_errors(value)]


def examples(media: dict[str, Any]) -> list[Any]:
    """The examples of a content."""
    single = [media["example"]] if "example" in media else []
    return single + [example["value"] for example in media.get("examples", {}).values()]
