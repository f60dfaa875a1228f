"""
From a Kubernetes object to a typed value, or to one problem per wrong field with the remedy.
"""

import difflib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError

from concordat.api.contract import ServiceContract, ServiceContractSpec
from concordat.api.microservice import Microservice, MicroserviceSpec
from concordat.api.schema.base import Schema
from concordat.api.schema.crd import structural
from concordat.errors import InvalidInput, Problem
from concordat.manifest import conventions


def parse(manifest: Mapping[str, Any], *, namespace: str = "default") -> Microservice:
    """
    The Microservice in a Kubernetes object.

    Raises :exc:`InvalidInput` with one problem per wrong field, its path written as in the YAML.
    """
    return _parsed(Microservice, manifest, namespace)


def parse_contract(manifest: Mapping[str, Any], *, namespace: str = "default") -> ServiceContract:
    """The ServiceContract in a Kubernetes object; raises as :func:`parse` does."""
    return _parsed(ServiceContract, manifest, namespace)


_Resource = TypeVar("_Resource", Microservice, ServiceContract)
_SPECS: dict[type[Schema], type[Schema]] = {Microservice: MicroserviceSpec, ServiceContract: ServiceContractSpec}


def _parsed(resource: type[_Resource], manifest: Mapping[str, Any], namespace: str) -> _Resource:
    kind = resource.__name__
    if manifest.get("apiVersion") != conventions.API_VERSION or manifest.get("kind") != kind:
        found = f"{manifest.get('apiVersion')}, {manifest.get('kind')}"
        raise _invalid("kind", f"expected {conventions.API_VERSION}, {kind}; found {found}")

    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise _invalid("metadata.name", f"give the {kind} a name")
    model = _SPECS[resource]
    try:
        return resource.model_validate(
            {
                "name": metadata["name"],
                "namespace": metadata.get("namespace") or namespace,
                "uid": metadata.get("uid") or "",
                "generation": metadata.get("generation") or 0,
                **resource.of_metadata(metadata),
                "spec": model.model_validate(manifest.get("spec") or {}),
            }
        )
    except ValidationError as error:
        prefix: tuple[str, ...] = () if error.title == kind else ("spec",)
        raise InvalidInput(tuple(_problem(prefix, detail, model) for detail in _essential(error))) from None


def _invalid(path: str, message: str) -> InvalidInput:
    return InvalidInput((Problem(path=path, message=message),))


def _essential(error: ValidationError) -> list[Any]:
    """Without complaints that a list is too short only because its entries were refused."""
    details = error.errors()
    deeper = {detail["loc"][:-1] for detail in details}
    return [detail for detail in details if detail["type"] != "too_short" or detail["loc"] not in deeper]


def _problem(prefix: tuple[str, ...], detail: Any, model: type[Schema]) -> Problem:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    prefix = ("metadata",) if not prefix and location else prefix
    context = detail.get("ctx") or {}
    path = written((*prefix, *location)) + str(context.get("path", ""))
    return Problem(path=path.lstrip("."), message=_message(detail["type"], location, detail["input"], context, model))


def written(path: Iterable[str | int]) -> str:
    """A path as people write it: ``spec.env[2].name``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _message(
    kind: str, location: tuple[str | int, ...], value: Any, context: Mapping[str, Any], model: type[Schema]
) -> str:
    """In words, and always with what to do."""
    match kind:
        case "check" | "distinct":
            return str(context.get("message") or f"{context['twice']} stands here twice: keep one")
        case "missing":
            return f"is required: {_description(location, model)}"
        case "extra_forbidden":
            return _unknown(location, model)
        case "literal_error" | "enum":
            return f"{value} is not possible here: give {context['expected'].replace(chr(39), '')}"
        case "string_too_long":
            return f"is {len(value)} characters long: give at most {context['max_length']}"
        case "string_too_short":
            return f"is empty: give at least {context['min_length']} character"
        case "too_long":
            return f"has {context['actual_length']} entries: give at most {context['max_length']}"
        case "too_short":
            return f"is empty: give at least {context['min_length']}"
        case "greater_than_equal":
            return f"{value} is too small: give at least {context['ge']}"
        case "less_than_equal":
            return f"{value} is too large: give at most {context['le']}"
    return f"{_shown(value)} is of the wrong kind: give {_EXPECTED.get(kind, 'something else')}"


_EXPECTED = {
    "string_type": "a text; put quotes around numbers and words like yes",
    "int_type": "a whole number without quotes",
    "float_type": "a number without quotes",
    "bool_type": "true or false",
    "tuple_type": "a list, each entry on a line that starts with a dash",
    "dict_type": "named entries, each on a line like `name: ...`",
    "model_type": "named fields, each on a line like `name: ...`",
    "model_attributes_type": "named fields, each on a line like `name: ...`",
}

_ELSEWHERE = {
    "replicas": "write scaling: {min: 3, max: 3}",
    "port": "write ports: {http: {port: 8080}}",
    "containers": "there is one container, described by image, args, env and resources",
    "template": "there is no pod template: what cannot be said in the fields cannot be had",
    "command": "the image's entry point runs; give it args",
    "limits": "write resources: {memory: 256Mi}; memoryLimit and cpuLimit only where they differ",
    "requests": "write resources: {cpu: 250m, memory: 256Mi}",
    "livenessProbe": "write health: {live: /healthz}",
    "readinessProbe": "write health: {ready: /readyz}",
    "ingress": "write routing: {hosts: [orders.example.com]}",
    "host": "write routing: {hosts: [orders.example.com]}",
    "dependencies": "write consumes: [{service: payments/payments}]",
    "valueFrom": "write secret: {name: orders-db, key: password}, or configMap likewise",
    "securityContext": "every pod runs as restricted as Pod Security knows it; that cannot be changed",
    "slo": "write objectives: [{name: availability, target: 99.9}]",
    "slos": "write objectives: [{name: availability, target: 99.9}]",
    "volumes": "the root is read-only and /tmp is writable; there are no other volumes",
}
"""Where people coming from a Deployment look for a field, and where it is here."""


def _unknown(location: tuple[str | int, ...], model: type[Schema]) -> str:
    name = str(location[-1])
    known = list(_schema(location[:-1], model).get("properties", ()))
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"there is no such field; did you mean {close[0]}?"
    familiar = difflib.get_close_matches(name, _ELSEWHERE, n=1, cutoff=0.8)
    if familiar:
        return f"there is no such field: {_ELSEWHERE[familiar[0]]}"
    return f"there is no such field; possible here: {', '.join(sorted(known))}"


def _description(location: tuple[str | int, ...], model: type[Schema]) -> str:
    described = str(_schema(location, model).get("description", "give a value"))
    return described.split("\n")[0].rstrip(".")


def _schema(location: tuple[str | int, ...], model: type[Schema]) -> Mapping[str, Any]:
    """The part of the CRD's schema a path leads to."""
    schema: Any = _structural(model)
    for part in location:
        if isinstance(part, int):
            schema = schema.get("items", {})
        else:
            schema = schema.get("properties", {}).get(part) or schema.get("additionalProperties") or {}
    return schema if isinstance(schema, Mapping) else {}


@cache
def _structural(model: type[Schema]) -> dict[str, Any]:
    return structural(model)


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."
