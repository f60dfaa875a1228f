"""
Swagger 2.0 as OpenAPI 3.0, as far as compatibility goes.

Descriptions, examples and vendor extensions ride along untouched. Body and form parameters become request bodies, ``collectionFormat``
becomes ``style`` and ``explode``, ``host``, ``basePath`` and ``schemes`` become servers.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat_contracts.errors import InvalidDocument
from concordat_contracts.reading.forms import mapping, sequence, words
from concordat_contracts.reading.references import look_up, split_pointer

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_SECTIONS = {
    "#/definitions/": "#/components/schemas/",
    "#/responses/": "#/components/responses/",
    "#/securityDefinitions/": "#/components/securitySchemes/",
}
_OF_SCHEMA = frozenset(
    [
        "type",
        "format",
        "items",
        "default",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "enum",
        "multipleOf",
        "x-nullable",
        "x-extensible-enum",
    ]
)
_OF_PARAMETER = frozenset(
    ["name", "in", "required", "description", "deprecated", "allowEmptyValue", "x-sunset", "x-deprecated"]
)
_STYLES: Mapping[tuple[str, bool], tuple[str, bool]] = {
    ("csv", True): ("form", False),
    ("ssv", True): ("spaceDelimited", False),
    ("pipes", True): ("pipeDelimited", False),
    ("tsv", True): ("tabDelimited", False),
    ("multi", True): ("form", True),
    ("csv", False): ("simple", False),
}
_FLOWS = {
    "implicit": "implicit",
    "password": "password",
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def from_swagger(root: Mapping[str, Any]) -> dict[str, Any]:
    """The 3.0 document that says the same; its references have been checked before."""
    converted: dict[str, Any] = {"openapi": "3.0.3", "info": root.get("info", {})}
    converted |= {key: value for key, value in root.items() if isinstance(key, str) and key.startswith("x-")}
    converted["servers"] = list(_servers(root, root.get("schemes")))
    if "security" in root:
        converted["security"] = root["security"]
    converted["components"] = {
        "schemas": {name: _schema(each) for name, each in _section(root, "definitions")},
        "responses": {
            name: _response(root, each, words(root.get("produces"), "produces"))
            for name, each in _section(root, "responses")
        },
        "securitySchemes": {name: _security_scheme(each) for name, each in _section(root, "securityDefinitions")},
    }
    converted["paths"] = {path: _path_item(root, item, path) for path, item in _section(root, "paths")}
    return converted


def _section(root: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    yield from mapping(root.get(name), name).items()


def _servers(root: Mapping[str, Any], schemes: Any) -> Iterator[dict[str, str]]:
    host, base = root.get("host"), str(root.get("basePath", ""))
    if host is None:
        yield {"url": base or "/"}
        return
    for scheme in words(schemes, "schemes") or [""]:
        yield {"url": f"{scheme}://{host}{base}" if scheme else f"//{host}{base}"}


def _path_item(root: Mapping[str, Any], item: Any, path: str) -> Any:
    if not isinstance(item, Mapping) or str(path).startswith("x-"):
        return item
    shared = [_resolved(root, each) for each in sequence(item.get("parameters"), f"paths.{path} parameters")]
    converted = {key: value for key, value in item.items() if key not in (*_METHODS, "parameters")}
    for method in _METHODS:
        if item.get(method) is not None:
            place = f"{method.upper()} {path}"
            converted[method] = _operation(root, mapping(item[method], place), shared, place)
    return converted


def _operation(root: Mapping[str, Any], operation: Mapping[str, Any], shared: list[Any], place: str) -> dict[str, Any]:
    own = [_resolved(root, each) for each in sequence(operation.get("parameters"), f"{place} parameters")]
    known = [(each.get("in"), each.get("name")) for each in own]
    parameters = [*(each for each in shared if (each.get("in"), each.get("name")) not in known), *own]
    consumes = words(operation.get("consumes", root.get("consumes")), f"{place} consumes") or ["application/json"]
    produces = words(operation.get("produces", root.get("produces")), f"{place} produces")
    converted = {
        key: value
        for key, value in operation.items()
        if key not in ("parameters", "consumes", "produces", "schemes", "responses")
    }
    converted["parameters"] = [_parameter(each) for each in parameters if each.get("in") not in ("body", "formData")]
    body = _body(parameters, consumes)
    if body is not None:
        converted["requestBody"] = body
    converted["responses"] = {
        str(status): _response(root, each, produces)
        for status, each in mapping(operation.get("responses"), f"{place} responses").items()
    }
    if "schemes" in operation and "host" in root:
        converted["servers"] = list(_servers(root, operation["schemes"]))
    return converted


def _resolved(root: Mapping[str, Any], parameter: Any) -> Mapping[str, Any]:
    followed: set[str] = set()
    while isinstance(parameter, Mapping) and isinstance(parameter.get("$ref"), str):
        ref = parameter["$ref"]
        if ref in followed:
            raise InvalidDocument(f"the reference {ref!r} never ends", location="parameters")
        followed.add(ref)
        parameter = look_up(root, split_pointer(ref))
    if not isinstance(parameter, Mapping):
        raise InvalidDocument("a parameter must be a mapping", location="parameters")
    return parameter


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    converted = {key: value for key, value in parameter.items() if key in _OF_PARAMETER}
    converted["schema"] = _schema({key: value for key, value in parameter.items() if key in _OF_SCHEMA})
    if parameter.get("type") == "array":
        key = (str(parameter.get("collectionFormat", "csv")), parameter.get("in") == "query")
        converted["style"], converted["explode"] = _STYLES.get(key, (key[0], False))
    return converted


def _body(parameters: list[Mapping[str, Any]], consumes: list[str]) -> dict[str, Any] | None:
    for each in parameters:
        if each.get("in") == "body":
            schema = _schema(each.get("schema", {}))
            return {
                "required": each.get("required", False),
                "content": {media: {"schema": schema} for media in consumes},
            }
    form = [each for each in parameters if each.get("in") == "formData"]
    if not form:
        return None
    schema = {
        "type": "object",
        "properties": {
            str(each.get("name")): _schema({key: value for key, value in each.items() if key in _OF_SCHEMA})
            for each in form
        },
        "required": [str(each.get("name")) for each in form if each.get("required")],
    }
    media_types = [media for media in consumes if media in _FORMS] or [
        _FORMS[any(each.get("type") == "file" for each in form)]
    ]
    return {"required": bool(schema["required"]), "content": {media: {"schema": schema} for media in media_types}}


def _response(root: Mapping[str, Any], response: Any, produces: Any) -> Any:
    if not isinstance(response, Mapping):
        return response
    if isinstance(response.get("$ref"), str):
        return {"$ref": _moved(response["$ref"])}
    converted: dict[str, Any] = {"description": response.get("description", "")}
    if "schema" in response:
        schema = _schema(response["schema"])
        converted["content"] = {media: {"schema": schema} for media in produces or ["application/json"]}
    if "headers" in response:
        converted["headers"] = {
            name: {"schema": _schema({key: value for key, value in header.items() if key in _OF_SCHEMA})}
            for name, node in mapping(response["headers"], "headers").items()
            for header in [mapping(node, f"header {name}")]
        }
    return converted


def _security_scheme(scheme: Any) -> Any:
    if not isinstance(scheme, Mapping):
        return scheme
    if scheme.get("type") == "basic":
        return {"type": "http", "scheme": "basic"}
    if scheme.get("type") != "oauth2":
        return scheme
    flow = {key: scheme[key] for key in ("authorizationUrl", "tokenUrl", "scopes") if key in scheme}
    return {"type": "oauth2", "flows": {_FLOWS.get(str(scheme.get("flow")), str(scheme.get("flow"))): flow}}


def _schema(schema: Any) -> Any:
    """The schema in 3.0's words: references moved, ``file`` as bytes, ``x-nullable`` and the bare discriminator spelled out."""
    if isinstance(schema, list):
        return [_schema(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    converted: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "$ref" and isinstance(value, str):
            converted[key] = _moved(value)
        elif key in ("properties", "definitions", "patternProperties") and isinstance(value, Mapping):
            converted[key] = {name: _schema(each) for name, each in value.items()}
        elif key in ("items", "additionalProperties", "allOf", "anyOf", "oneOf", "not"):
            converted[key] = _schema(value)
        elif key == "discriminator" and isinstance(value, str):
            converted[key] = {"propertyName": value}
        elif key == "x-nullable":
            converted["nullable"] = value
        else:
            converted[key] = value
    if converted.get("type") == "file":
        converted |= {"type": "string", "format": "binary"}
    return converted


def _moved(ref: str) -> str:
    for before, after in _SECTIONS.items():
        if ref.startswith(before):
            return after + ref.removeprefix(before)
    return ref
