"""
What a document offers to those who use it: operations by every name they go by, and the properties of what they answer.

A use is *unknown* when the document provably does not offer it: no operation of that name, or an answer that is described and has no
such property. Where a description leaves open what may come, everything is taken to be there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from concordat_contracts.asyncapi.model import Application
from concordat_contracts.documents.document import Document, Format
from concordat_contracts.findings.touching import canonical
from concordat_contracts.openapi.model import Api, Operation
from concordat_contracts.reading.references import References
from concordat_contracts.schema.regex.formats import matches
from concordat_contracts.usage.consumers import Usage

_UNIONS = ("anyOf", "oneOf", "then", "else", "dependentSchemas")
_SAYS_WHAT_IS_THERE = frozenset(
    {"properties", "patternProperties", "additionalProperties", "items", "prefixItems", "enum", "const"}
)


@dataclass(frozen=True, kw_only=True)
class UnknownUse:
    """Something a consumer declares to use that the document does not offer."""

    operation: str
    """As the consumer names it."""
    field: str | None
    """The property it reads, as it writes it; ``None`` where the operation itself is not there."""
    message: str
    """One sentence with the remedy: ``there is no operation 'getPaymnt'; did you mean 'getPayment'?``"""


def unknown_uses(document: Document, usage: Usage) -> tuple[UnknownUse, ...]:
    """Everything of ``usage`` that is provably not offered, in the order of the alphabet; a usage of everything has none."""
    return tuple(_unknown(document, usage.operations or {}))


def response_fields(document: Document, name: str, *, depth: int = 3) -> tuple[str, ...]:
    """
    The properties consumers may say they read of an operation, by any of its names: ``("id", "items", "items[].sku")``.

    Sorted; down to ``depth`` names. ``KeyError`` when there is no such operation.
    """
    return tuple(sorted(_fields(_answers(document, name), depth, "")))


def _unknown(document: Document, operations: Mapping[str, frozenset[str] | None]) -> Iterator[UnknownUse]:
    known = set(map(canonical, document.names))
    for name in sorted(operations):
        if canonical(name) not in known:
            yield UnknownUse(operation=name, field=None, message=_no_operation(document, name))
            continue
        reads = operations[name]
        answers = _answers(document, name) if reads else []
        for field in sorted(reads or ()):
            if not _has(answers, _steps(field)):
                declared = sorted(_fields(answers, max(1, len(_steps(field))), ""))
                yield UnknownUse(operation=name, field=field, message=_no_field(name, field, declared))


def _no_operation(document: Document, name: str) -> str:
    if not document.names:
        return f"there is no operation {name!r}: the document has no operations; leave uses out"
    return f"there is no operation {name!r}; {_instead(name, document.names)}"


def _no_field(name: str, field: str, known: list[str]) -> str:
    if not known:
        return f"{name} answers nothing that has a property {field!r}; leave it out of reads"
    return f"{name} answers no property {field!r}; {_instead(field, known)}"


def _instead(name: str, known: Iterable[str]) -> str:
    ordered = sorted(known)
    close = get_close_matches(name, ordered, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    more = f" and {len(ordered) - 7} more" if len(ordered) > 7 else ""
    return f"there is {', '.join(ordered[:7])}{more}"


def _steps(field: str) -> list[str]:
    """``$.items[].sku`` -> ``["items", "sku"]``."""
    return [part for each in field.removeprefix("$").split(".") if (part := each.replace("[]", ""))]


class _Open:
    """What may hold anything."""


_OPEN = _Open()


@dataclass(frozen=True)
class _Shape:
    """A JSON Schema somewhere in a document."""

    schema: Any
    references: References | None

    def property(self, name: str, known: "dict[int, _Found | None] | None" = None) -> "_Found":
        """The schemas a property of that name may have; none when it cannot be there."""
        schema = self.schema
        if schema is True or schema is None or "$dynamicRef" in (schema or ()):
            return _OPEN
        if not isinstance(schema, Mapping):
            return []
        known = {} if known is None else known
        known[id(schema)] = None
        known[id(schema)] = found = self._property(schema, name, known)
        return found

    def _property(self, schema: Mapping[str, Any], name: str, known: "dict[int, _Found | None]") -> "_Found":
        own = self._own(schema, name, known)
        inherited = list(_looked_up(self._all_of(schema), name, known))
        unions = list(_looked_up(self._alternatives(schema), name, known))
        if own is _OPEN or any(each is _OPEN for each in unions):
            return _OPEN
        found = [shape for each in (own, *inherited, *unions) if not isinstance(each, _Open) for shape in each]
        if found or unions or _describes(schema):
            return found
        return _OPEN if all(each is _OPEN for each in inherited) else []

    def names(self, seen: set[int] | None = None) -> "Iterator[tuple[str, str, _Shape]]":
        """The declared properties: name, ``[]`` for each list before it, schema."""
        schema = self.schema
        seen = set() if seen is None else seen
        if not isinstance(schema, Mapping) or id(schema) in seen:
            return
        seen.add(id(schema))
        for name, each in _mapping(schema.get("properties")).items():
            yield str(name), "", self._to(each)
        for item in self._items(schema):
            for name, lists, each in item.names(seen):
                yield name, f"[]{lists}", each
        for part in (*self._all_of(schema), *self._alternatives(schema)):
            yield from part.names(seen)

    def _own(self, schema: Mapping[str, Any], name: str, known: "dict[int, _Found | None]") -> "_Found":
        found = []
        properties = _mapping(schema.get("properties"))
        if name in properties:
            found.append(self._to(properties[name]))
        for pattern, each in _mapping(schema.get("patternProperties")).items():
            if _may_match(pattern, name):
                found.append(self._to(each))
        others = [schema.get(key) for key in ("additionalProperties", "unevaluatedProperties")]
        if not found:
            if any(each is True or each == {} for each in others):
                return _OPEN
            found.extend(self._to(each) for each in others if isinstance(each, Mapping))
        for inside in _looked_up(self._items(schema), name, known):
            if isinstance(inside, _Open):
                return _OPEN
            found.extend(inside)
        return found

    def _items(self, schema: Mapping[str, Any]) -> "Iterator[_Shape]":
        for key in ("items", "additionalItems", "contains", "prefixItems"):
            inside = schema.get(key)
            for each in inside if isinstance(inside, list) else [inside]:
                if isinstance(each, Mapping):
                    yield self._to(each)

    def _all_of(self, schema: Mapping[str, Any]) -> "Iterator[_Shape]":
        if isinstance(schema.get("$ref"), str) and self.references is not None:
            yield self._to(self.references.resolve({"$ref": schema["$ref"]}, "the document"))
        yield from map(self._to, _list(schema.get("allOf")))

    def _alternatives(self, schema: Mapping[str, Any]) -> "Iterator[_Shape]":
        for key in _UNIONS:
            inside = schema.get(key)
            if key == "dependentSchemas":
                yield from map(self._to, _mapping(inside).values())
            else:
                yield from map(self._to, inside if isinstance(inside, list) else [inside] if key in schema else [])

    def _to(self, schema: Any) -> "_Shape":
        return _Shape(schema, self.references)


_Found = list[_Shape] | _Open


def _looked_up(shapes: Iterable[_Shape], name: str, known: dict[int, _Found | None]) -> Iterator[_Found]:
    """What each has of that name; what is being looked up already says nothing new."""
    for shape in shapes:
        found = known.get(id(shape.schema), _OPEN)
        if id(shape.schema) not in known:
            found = shape.property(name, known)
        if found is not None:
            yield found


@dataclass(frozen=True)
class _Type:
    """A GraphQL type."""

    type: Any
    schema: Any

    def property(self, name: str) -> "list[_Type] | _Open":
        """The types of its field of that name."""
        return [inside for known, _, inside in self.names() if known == name]

    def names(self) -> "Iterator[tuple[str, str, _Type]]":
        """Its fields; those of all members, for a union or an interface."""
        from concordat_contracts.graphql.users import fields_below  # imported late, as in document.py

        for name, lists, inside in fields_below(self.schema, self.type):
            yield name, lists, _Type(inside, self.schema)


_Answers = list[Any]


def _answers(document: Document, name: str) -> _Answers:
    name = canonical(name)
    model = document.model
    if isinstance(model, Api):
        for operation in (*model.operations.values(), *model.webhooks.values()):
            if name in map(canonical, operation.names):
                return _bodies(operation, document.references)
    if isinstance(model, Application):
        return [
            _Shape(message.payload, document.references)
            for channel in model.channels.values()
            for flow in channel.flows.values()
            if name in map(canonical, channel.names_of(flow))
            for message in (
                *(flow.messages.values() if flow.action == "send" else ()),
                *(flow.reply.messages.values() if flow.reply is not None else ()),
            )
        ]
    if document.format is not Format.GRAPHQL or name not in document.names:
        raise KeyError(name)
    owner, _, field = name.partition(".")
    root = document.root.type_map[owner]
    return [_Type(root.fields[field].type, document.root)]


def _bodies(operation: Operation, references: References | None) -> _Answers:
    """What its users get: the answers, and the body of a call the provider makes."""
    holders = [*operation.responses.values()]
    if operation.is_webhook and operation.body is not None:
        holders.append(operation.body)
    return [
        _Shape(media.get("schema"), references)
        for holder in holders
        for media in _mapping(holder.get("content")).values()
        if isinstance(media, Mapping)
    ]


def _has(answers: _Answers, steps: list[str]) -> bool:
    if not steps:
        return True
    for answer in answers:
        inside = answer.property(steps[0])
        if isinstance(inside, _Open) or (inside and _has(inside, steps[1:])):
            return True
    return False


def _fields(answers: _Answers, depth: int, path: str) -> set[str]:
    found: set[str] = set()
    if depth == 0:
        return found
    for answer in answers:
        for name, lists, inside in answer.names():
            here = f"{path}{lists}.{name}" if path or lists else name
            found.add(here)
            found |= _fields([inside], depth - 1, here)
    return found


def _describes(schema: Mapping[str, Any]) -> bool:
    """Whether it says what may be there at all; ``type: object`` alone does not."""
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return bool(_SAYS_WHAT_IS_THERE & schema.keys()) or (
        isinstance(kinds, list) and not {"object", "array"} & set(map(str, kinds))
    )


def _may_match(pattern: str, name: str) -> bool:
    """An author's pattern: matched by the schema comparer's engine, which is bounded; what it cannot tell may be so."""
    return matches(pattern, name) is not False


def _mapping(node: Any) -> Mapping[str, Any]:
    return node if isinstance(node, Mapping) else {}


def _list(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []
