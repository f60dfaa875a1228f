"""
A pact file (Pact specification 2 to 4) as declared usage: which operations a consumer calls, and what it reads of the answers.

A pact shows what the consumer's tests touch, so it is taken for what the consumer reads only where it says so by value; a body
that is not an object or a list of objects counts as read whole.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from concordat_contracts.documents.document import Document
from concordat_contracts.errors import InvalidDocument
from concordat_contracts.openapi.model import Api, Operation

_VARIABLE = re.compile(r"\\\{[^{}]*\\\}")


@dataclass(frozen=True, kw_only=True)
class Imported:
    """``uses`` as ``consumes[].uses`` takes it, and the requests that no operation of the document answers."""

    uses: list[Any]
    unmatched: tuple[str, ...]


def usage_of(pact: Any, document: Document) -> Imported:
    """The usage a pact declares of an OpenAPI document."""
    if not isinstance(pact, Mapping) or not isinstance(pact.get("interactions"), list):
        raise InvalidDocument("not a pact file: it has no interactions", remedy="give the JSON file Pact writes")
    if not isinstance(document.model, Api):
        raise InvalidDocument("pacts can be read against OpenAPI documents only")
    reads: dict[str, set[str] | None] = {}
    unmatched: list[str] = []
    for interaction in pact["interactions"]:
        request = interaction.get("request") if isinstance(interaction, Mapping) else None
        if not isinstance(request, Mapping):
            continue
        asked = f"{str(request.get('method', 'get')).upper()} {request.get('path', '/')}"
        operation = _answering(document.model, asked)
        if operation is None:
            unmatched.append(asked)
            continue
        name = operation.id or operation.location
        found = _fields(interaction.get("response"))
        known = reads.get(name, set())
        reads[name] = None if found is None or known is None else known | found
    uses = [name if fields is None else {"operation": name, "reads": sorted(fields)} for name, fields in reads.items()]
    return Imported(uses=uses, unmatched=tuple(unmatched))


def _answering(api: Api, asked: str) -> Operation | None:
    """The operation of a concrete request; a literal path goes before a template."""
    method, _, path = asked.partition(" ")
    candidates = [each for each in api.operations.values() if each.method.upper() == method]
    for each in sorted(candidates, key=lambda operation: operation.shape.count("{}")):
        if re.fullmatch(_VARIABLE.sub("[^/]+", re.escape(each.path)), path.partition("?")[0]):
            return each
    return None


def _fields(response: Any) -> set[str] | None:
    """The property paths of the body a consumer expects; ``None`` when it reads all of it."""
    body = response.get("body") if isinstance(response, Mapping) else None
    if isinstance(body, Mapping) and "contentType" in body and "content" in body:  # specification 4
        body = body["content"]
    if body is None:
        return set()
    fields = list(_paths(body, ""))
    return None if None in fields else {each for each in fields if each is not None}


def _paths(body: Any, path: str) -> Iterator[str | None]:
    if isinstance(body, Mapping):
        for name, value in body.items():
            if "." in str(name):
                yield None
            yield from _paths(value, f"{path}.{name}" if path else str(name))
    elif isinstance(body, list) and body and all(isinstance(each, Mapping) for each in body):
        for each in body:
            yield from _paths(each, f"{path}[]")
    else:
        yield path or None
