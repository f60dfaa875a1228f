"""
An OpenAPI document as operations: parameters merged, references followed, everything a comparison touches checked for its form.

An operation is known by its path's shape (``/pets/{}``) and method, so that renaming ``{id}`` to ``{petId}`` is no change.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from concordat_contracts.errors import InvalidDocument
from concordat_contracts.reading.forms import mapping, mappings, schema, sequence, words
from concordat_contracts.reading.references import References

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_STATUS = re.compile(r"[1-5](?:\d\d|XX|xx)\Z|default\Z")
_NO_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
"""Header parameters the specification tells readers to ignore."""
_PLACES = frozenset({"path", "query", "header", "cookie"})

Name = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter; ``name`` is the one to print, ``key`` the one to match by."""

    name: str
    place: str
    raw: Mapping[str, Any]
    required: bool

    @property
    def key(self) -> Name:
        """Header names do not differ by case."""
        return self.place, self.name.lower() if self.place == "header" else self.name


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path, or one call the provider makes to its client (callback, webhook)."""

    method: str
    path: str
    shape: str
    raw: Mapping[str, Any]
    item: Mapping[str, Any]
    parameters: Mapping[Name, Parameter]
    body: Mapping[str, Any] | None
    responses: Mapping[str, Mapping[str, Any]]
    location: str
    callbacks: Mapping[str, Mapping[str, "Operation"]] = field(default_factory=dict)

    @property
    def id(self) -> str | None:
        """The ``operationId``."""
        return self.raw.get("operationId")

    @property
    def names(self) -> frozenset[str]:
        """Every way to name it."""
        return frozenset(filter(None, (self.location, self.id)))

    @property
    def is_webhook(self) -> bool:
        """Whether it is the provider who calls."""
        return self.location.startswith("webhook ")

    @cached_property
    def path_variables(self) -> tuple[str, ...]:
        """The names in the path's template, in order."""
        return tuple(_VARIABLE.findall(self.path))


class Api:
    """All operations of a valid document. What a callback calls back in turn is not followed."""

    def __init__(self, root: Mapping[str, Any], references: References) -> None:
        self.root = root
        self._references = references
        self._ids: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._read: dict[int, Parameter] = {}
        """Parameters by the identity of what they were read from: most operations share theirs by reference."""
        self._sound: set[int] = set()
        """The identities of responses whose form has been checked."""
        self.operations: dict[tuple[str, str], Operation] = {}
        for path, item in mapping(root.get("paths"), "paths").items():
            if not str(path).startswith("x-"):
                self._add_path(str(path), item)
        self.webhooks: dict[tuple[str, str], Operation] = {
            (str(name), operation.method): operation
            for name, item in mapping(root.get("webhooks"), "webhooks").items()
            for operation in self._read_item(item, str(name), str(name), f"webhook {name}")
        }
        self.security_schemes = {
            name: mapping(
                self.resolve(each, f"components.securitySchemes.{name}"), f"components.securitySchemes.{name}"
            )
            for name, each in mapping(
                mapping(root.get("components"), "components").get("securitySchemes"), "components.securitySchemes"
            ).items()
        }
        for name, scheme in self.security_schemes.items():
            mapping(scheme.get("flows"), f"components.securitySchemes.{name}.flows")
        _check_security(root.get("security"), "security")
        _check_servers(root.get("servers"), "servers")
        for operation in self.operations.values():
            _check_security(operation.raw.get("security"), f"{operation.location} security")
            for holder in (operation.item, operation.raw):
                _check_servers(holder.get("servers"), f"{operation.location} servers")

    @cached_property
    def shapes(self) -> frozenset[str]:
        """The shapes of all paths that have an operation."""
        return frozenset(shape for shape, _ in self.operations)

    def resolve(self, node: Any, location: str) -> Any:
        """Follow ``node`` if it is a reference."""
        return self._references.resolve(node, location)

    def security_of(self, operation: Operation) -> list[Mapping[str, Any]]:
        """The alternatives in force: the operation's own, else the document's."""
        security = operation.raw.get("security", self.root.get("security"))
        return security if isinstance(security, list) else []

    def servers_of(self, operation: Operation) -> list[Mapping[str, Any]]:
        """The servers in force: the operation's, else its path's, else the document's."""
        for holder in (operation.raw, operation.item, self.root):
            if holder.get("servers"):
                return mappings(holder["servers"], "servers")
        return []

    def _add_path(self, path: str, item: Any) -> None:
        if not path.startswith("/"):
            raise InvalidDocument("a path must begin with a slash", location=f"paths.{path}", remedy=f"write /{path}")
        shape = _VARIABLE.sub("{}", path)
        for operation in self._read_item(item, path, shape, None):
            key = (shape, operation.method)
            if key in self.operations:
                raise InvalidDocument(
                    f"the same as {self.operations[key].location}, only with other variable names",
                    location=operation.location,
                    remedy="remove one of the two",
                )
            self.operations[key] = operation

    def _read_item(self, item: Any, path: str, shape: str, prefix: str | None) -> Iterator[Operation]:
        place = prefix or f"paths.{path}"
        siblings = item if isinstance(item, Mapping) else {}
        item = mapping(self.resolve(item, place), place)
        if siblings is not item:
            item = {**item, **{key: value for key, value in siblings.items() if key != "$ref"}}
        for method in METHODS:
            if item.get(method) is None:
                continue
            location = f"{prefix} {method.upper()}" if prefix else f"{method.upper()} {path}"
            raw = mapping(item[method], location)
            self._check_id(raw, location)
            yield Operation(
                method=method,
                path=path,
                shape=shape,
                raw=raw,
                item=item,
                parameters=self._parameters(item, raw, location),
                body=self._body(raw, location),
                responses=self._responses(raw, location),
                location=location,
                callbacks=self._callbacks(raw, location) if prefix is None else {},
            )

    def _check_id(self, raw: Mapping[str, Any], location: str) -> None:
        name = raw.get("operationId")
        if name is None:
            return
        if not isinstance(name, str):
            raise InvalidDocument("operationId must be text", location=location, remedy="put it in quotes")
        first, known = self._ids.setdefault(name, (location, raw))
        if known is not raw:
            raise InvalidDocument(
                f"operationId {name!r} is already used by {first}",
                location=location,
                remedy="give each operation its own id",
            )

    def _parameters(self, item: Mapping[str, Any], raw: Mapping[str, Any], location: str) -> Mapping[Name, Parameter]:
        merged: dict[Name, Parameter] = {}
        for holder, where in ((item, f"{location} (shared by the path)"), (raw, location)):
            here: set[Name] = set()
            for index, node in enumerate(sequence(holder.get("parameters"), f"{where} parameters")):
                parameter = self._parameter(node, f"{where} parameters[{index}]")
                if parameter.place == "header" and parameter.name.lower() in _NO_PARAMETERS:
                    continue
                if parameter.key in here:
                    raise InvalidDocument(
                        f"the {parameter.place} parameter {parameter.name!r} is given twice",
                        location=f"{where} parameters[{index}]",
                        remedy="remove one of the two",
                    )
                here.add(parameter.key)
                merged[parameter.key] = parameter
        return merged

    def _parameter(self, node: Any, location: str) -> Parameter:
        raw = mapping(self.resolve(node, location), location)
        known = self._read.get(id(raw))
        if known is not None:
            return known
        name, place = raw.get("name"), raw.get("in")
        if not isinstance(name, str) or not isinstance(place, str) or place not in _PLACES:
            raise InvalidDocument(
                "a parameter needs a name, and in: path, query, header or cookie",
                location=location,
                remedy="add what is missing",
            )
        _content(raw, location)
        schema(raw.get("schema"), f"{location} schema")
        read = Parameter(name=name, place=place, raw=raw, required=place == "path" or raw.get("required") is True)
        self._read[id(raw)] = read
        return read

    def _body(self, raw: Mapping[str, Any], location: str) -> Mapping[str, Any] | None:
        if raw.get("requestBody") is None:
            return None
        body = mapping(self.resolve(raw["requestBody"], f"{location} requestBody"), f"{location} requestBody")
        _content(body, f"{location} requestBody")
        return body

    def _responses(self, raw: Mapping[str, Any], location: str) -> Mapping[str, Mapping[str, Any]]:
        responses: dict[str, Mapping[str, Any]] = {}
        for status, node in mapping(raw.get("responses"), f"{location} responses").items():
            if str(status).startswith("x-"):
                continue
            code = str(status)
            code = code.upper() if _STATUS.match(code) and code != "default" else code
            response = mapping(self.resolve(node, f"{location} {code}"), f"{location} {code}")
            responses[code] = response
            if id(response) in self._sound:
                continue
            if response is not node:
                self._sound.add(id(response))
            _content(response, f"{location} {code}")
            for name, header in mapping(response.get("headers"), f"{location} {code} headers").items():
                place = f"{location} {code} header {name}"
                read = mapping(self.resolve(header, place), place)
                schema(read.get("schema"), f"{place} schema")
                _content(read, place)
        return responses

    def _callbacks(self, raw: Mapping[str, Any], location: str) -> Mapping[str, Mapping[str, Operation]]:
        callbacks: dict[str, Mapping[str, Operation]] = {}
        for name, node in mapping(raw.get("callbacks"), f"{location} callbacks").items():
            place = f"{location} callback {name}"
            expressions = mapping(self.resolve(node, place), place)
            callbacks[str(name)] = {
                f"{expression} {operation.method}": operation
                for expression, item in expressions.items()
                if not str(expression).startswith("x-")
                for operation in self._read_item(item, str(expression), str(expression), place)
            }
        return callbacks


def _check_security(security: Any, location: str) -> None:
    for alternative in sequence(security, location):
        for name, scopes in mapping(alternative, location).items():
            words(scopes, f"{location} {name}")


def _check_servers(servers: Any, location: str) -> None:
    for server in mappings(servers, location):
        for name, variable in mapping(server.get("variables"), f"{location} variables").items():
            sequence(mapping(variable, f"{location} {{{name}}}").get("enum"), f"{location} {{{name}}} enum")


def _content(holder: Mapping[str, Any], location: str) -> None:
    for media_type, node in mapping(holder.get("content"), f"{location} content").items():
        media = mapping(node, f"{location} {media_type}")
        schema(media.get("schema"), f"{location} {media_type} schema")
        mapping(media.get("encoding"), f"{location} {media_type} encoding")
