"""What generators of clients need of the document; each rule is a fault that one of them had."""

from collections import Counter
from typing import Any

from api.openapi.generated_clients import references
from tests.api.openapi.reading import operations


def reachable(document: dict[str, Any], part: Any) -> dict[str, dict[str, Any]]:
    """The schemas that a part of the document consists of, by name."""
    schemas = document["components"]["schemas"]
    found: dict[str, dict[str, Any]] = {}
    waiting = list(references(part))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting.extend(references(schemas[name]))
    return found


def of_requests(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    bodies = [operation.content.get("requestBody", {}) for operation in operations(document)]
    return reachable(document, bodies)


def of_responses(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return reachable(
        document, [operation.content["responses"] for operation in operations(document)]
    )


def test_a_parameter_is_one_value_and_never_null(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for parameter in operation.content.get("parameters", ()):
            schema = parameter["schema"]
            assert schema["type"] in {"string", "integer", "boolean"}, (operation.name, parameter)
            assert "anyOf" not in schema


def test_every_schema_has_one_name_and_the_name_of_no_other(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert {name: schema["title"] for name, schema in schemas.items()} == {
        name: name for name in schemas
    }
    assert [name for name in schemas if name.endswith(("Response", "_"))] == []
    # A client in Python names its modules in lower case.
    assert Counter(map(str.lower, schemas)).most_common(1)[0][1] == 1


def test_no_schema_is_named_as_what_a_generator_names_after_an_operation(
    document: dict[str, Any],
) -> None:
    names = {name.lower() for name in document["components"]["schemas"]}
    for operation in operations(document):
        own = operation.name.replace("_", "")
        assert not names & {f"{own}{ending}" for ending in ("response", "data", "error", "errors")}


def test_a_member_of_a_request_with_a_default_may_be_left_out(document: dict[str, Any]) -> None:
    for name, schema in of_requests(document).items():
        for member, described in schema["properties"].items():
            assert "default" not in described, (name, member)
    weights = of_requests(document)["RenderRequest"]["properties"]
    assert weights["contrast"]["description"] == "Default: `1`."


def test_every_member_of_a_response_is_always_there(document: dict[str, Any]) -> None:
    for name, schema in of_responses(document).items():
        if "properties" in schema:
            assert set(schema["required"]) == set(schema["properties"]), name


def test_requests_and_responses_share_no_schema(document: dict[str, Any]) -> None:
    assert not of_requests(document).keys() & of_responses(document).keys()


def test_members_have_no_titles_and_kinds_of_problems_no_base(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert "allOf" not in schema, name
        for member, described in schema.get("properties", {}).items():
            assert not {"title", "readOnly"} & described.keys(), (name, member)


def test_a_response_of_several_kinds_is_told_apart_by_its_type(document: dict[str, Any]) -> None:
    choices = [
        media["schema"]
        for operation in operations(document)
        for response in operation.content["responses"].values()
        for media in response.get("content", {}).values()
        if "oneOf" in media.get("schema", {})
    ]
    assert choices
    for choice in choices:
        mapping = choice["discriminator"]["mapping"]
        assert choice["discriminator"]["propertyName"] == "type"
        assert set(mapping.values()) == {each["$ref"] for each in choice["oneOf"]}


def test_a_response_with_json_has_no_other_form(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for response in operation.content["responses"].values():
            kinds = set(response.get("content", {}))
            assert "application/json" not in kinds or len(kinds) == 1, operation.name
    (progress,) = [each for each in operations(document) if each.name == "read_progress"]
    assert "event: end" in progress.content["description"]


def test_files_are_binary(document: dict[str, Any]) -> None:
    contents = [
        media["schema"]
        for operation in operations(document)
        if operation.name in ("read_file", "write_file")
        for body in (
            operation.content.get("requestBody", {}),
            *operation.content["responses"].values(),
        )
        for kind, media in body.get("content", {}).items()
        if kind.startswith(("video/", "image/", "application/octet"))
    ]
    assert {schema["format"] for schema in contents} == {"binary"}
    form = document["components"]["schemas"]["GenerateFromUpload"]
    assert form["properties"]["video"]["format"] == "binary"
