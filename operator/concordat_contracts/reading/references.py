"""
References inside one document: found, checked and followed; never fetched.

The walk over a document also bounds it (depth, number of values) and remembers which part refers to which, so that parts
that are equal, and refer only to equal parts, need no comparison.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from concordat_contracts.errors import InvalidDocument
from concordat_contracts.reading.text import MAX_DEPTH, MAX_NODES

DATA = frozenset(
    {
        "example", "examples", "default", "enum", "const", "mapping", "links", "required", "enumDescriptions",
    }
)  # fmt: skip
"""Keys that hold the author's values, in which ``$ref`` is only a word."""

_NOT_WALKED = DATA | {"type"}
_MARKS = frozenset(
    {
        "$ref", "$dynamicRef", "$anchor", "$dynamicAnchor", "$id", "id", "$self", "x-sunset",
        "x-stability-level", "x-extensible-enum",
    }
)  # fmt: skip
"""Keys worth knowing about wherever they stand."""

NAMES = frozenset(
    {
        "properties", "patternProperties", "$defs", "definitions", "dependencies", "dependentRequired", "dependentSchemas",
        "schemas", "responses",
        "parameters", "headers", "requestBodies", "securitySchemes", "securityDefinitions", "callbacks",
        "pathItems", "paths", "webhooks", "content", "encoding", "variables", "channels", "messages",
        "operations", "servers", "messageTraits", "operationTraits", "serverBindings", "channelBindings",
        "operationBindings", "messageBindings", "serverVariables", "replies", "replyAddresses", "correlationIds",
    }
)  # fmt: skip
"""Keys that hold names people chose: a property may be called ``example``, a header ``x-trace``."""

Pointer = tuple[str, ...]


def names_in(root: Mapping[str, Any]) -> frozenset[str]:
    """The keys that hold chosen names in this document; AsyncAPI's ``headers`` are a schema."""
    return NAMES - {"headers"} if "asyncapi" in root else NAMES


@lru_cache(maxsize=65_536)
def split_pointer(ref: str) -> Pointer:
    """``#/components/schemas/a~1b`` -> ``("components", "schemas", "a/b")``."""
    if ref in ("#", "#/"):
        return ()
    return tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in ref[2:].split("/"))


def look_up(root: Any, pointer: Iterable[str]) -> Any:
    """The value at ``pointer``; ``KeyError`` where there is none."""
    node = root
    for part in pointer:
        if isinstance(node, Mapping):
            if part in node:
                node = node[part]
            else:
                raise KeyError(part)
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            raise KeyError(part)
    return node


class References:
    """All references of one document, checked on construction."""

    def __init__(self, root: Mapping[str, Any], *, remedy: str) -> None:
        self._root = root
        self._remedy = remedy
        self._names = names_in(root)
        self._nodes = 0
        self._resolved: dict[str, Any] = {}
        self._named_places: set[str] = set()
        self._bases: set[str] = set()
        self.is_json = True
        """Whether all is as JSON has it: keys are text, and no value is a date (which YAML's older readers make of some)."""
        self.extensions: set[str] = set()
        """Those of the extensions that announce something, such as ``x-sunset``."""
        self.of_part: dict[Pointer, frozenset[str]] = {}
        """References of each part: ``("components", "schemas", "Pet")``, ``("paths", "/pets")``, ``("info",)``."""
        for part, node in _parts(root):
            found: set[str] = set()
            self._walk(node, found, 1, named=False)
            self.of_part[part] = frozenset(found)
        self._check()

    def resolve(self, node: Any, location: str) -> Any:
        """``node``, or what it refers to in the end; a chain that never ends is refused."""
        ref = _ref_of(node)
        if ref is None:
            return node
        if ref not in self._resolved:
            self._resolved[ref] = self._follow(ref, location)
        return self._resolved[ref]

    def _follow(self, ref: str, location: str) -> Any:
        current: str | None = ref
        node: Any = None
        for _ in range(MAX_DEPTH):
            if current is None:
                return node
            try:
                node = look_up(self._root, split_pointer(current))
            except KeyError:
                raise InvalidDocument(f"refers to {current!r}, which is not there", location=location) from None
            current = _ref_of(node)
        raise InvalidDocument(f"the reference {ref!r} never ends", location=location)

    def _walk(self, node: Any, found: set[str], depth: int, *, named: bool) -> None:
        """
        Gather the references below ``node``; ``named`` says that its keys are names people chose.

        Run for every value of documents of many megabytes: hence types compared by identity.
        """
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            limit = f"nested deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"more than {MAX_NODES:,} values"
            raise InvalidDocument(limit, kind="bounds")
        if node.__class__ is list:
            for item in node:
                if item.__class__ is dict or item.__class__ is list:
                    self._walk(item, found, depth + 1, named=False)
            return
        for key, value in node.items():
            kind = value.__class__
            if key.__class__ is not str:
                self.is_json = False
                key = str(key)
            if kind is str:
                if key in _MARKS and not named:
                    self._mark(key, value, found)
            elif kind is dict:
                if named:
                    self._walk(value, found, depth + 1, named=False)
                elif key not in DATA and key[:2] != "x-":
                    self._walk(value, found, depth + 1, named=key in self._names)
            elif kind is list:
                if named or (key not in _NOT_WALKED and key[:2] != "x-"):
                    self._walk(value, found, depth + 1, named=False)
                else:
                    self._list(key, value, node)
            elif isinstance(value, date):
                self.is_json = False
                self.extensions.add(key)

    def _list(self, key: str, value: list[Any], node: Any) -> None:
        """A list that holds no part of the document."""
        if key in _MARKS:
            self.extensions.add(key)
        elif key in ("type", "required"):
            self._check_words(key, value, node)
        elif key == "enum":
            self.is_json = self.is_json and not any(isinstance(each, date) for each in value)

    def _check_words(self, key: str, value: list[Any], node: Any) -> None:
        """``type: [string, null]`` is what many write for ``"null"``; numbers and the like are nobody's type."""
        for each in value:
            if key == "type" and each is None:
                self.is_json = False
            elif not isinstance(each, str | dict):  # Avro's types may be mappings
                raise InvalidDocument(
                    f"{key} must be a list of texts, not of {type(each).__name__}",
                    location=self._location(lambda other: other is node),
                )

    def _mark(self, key: str, value: str, found: set[str]) -> None:
        if key[0] == "x":
            self.extensions.add(key)
        elif key in ("$ref", "$dynamicRef"):
            found.add(value)
        elif key in ("$anchor", "$dynamicAnchor"):
            self._named_places.add(f"#{value}")
        elif value[:1] == "#":  # how drafts 4 to 7 name a place
            self._named_places.add(value)
        elif key != "id":
            self._bases.add(value.rstrip("#"))

    def _check(self) -> None:
        for ref in sorted(set().union(*self.of_part.values())) if self.of_part else ():
            if not ref.startswith("#"):
                if self._embedded(ref.partition("#")[0]):
                    continue
                raise InvalidDocument(
                    f"refers to {ref!r} outside of the document",
                    location=self._location_of(ref),
                    remedy=self._remedy,
                    kind="external",
                )
            if ref in self._named_places:
                continue
            if ref != "#" and not ref.startswith("#/"):
                raise InvalidDocument(
                    f"refers to the anchor {ref!r}, which is nowhere", location=self._location_of(ref)
                )
            try:
                look_up(self._root, split_pointer(ref))
            except KeyError:
                if self._has_embedded_resources():
                    continue  # the pointer may start at one of them; the schema comparer knows which
                raise InvalidDocument(
                    f"refers to {ref!r}, which is not there",
                    location=self._location_of(ref),
                    remedy="add it, or mend the name",
                ) from None

    def _has_embedded_resources(self) -> bool:
        return bool(self._bases - {str(self._root.get("$id", "")).rstrip("#")})

    def _embedded(self, address: str) -> bool:
        """Whether a schema inside this document calls itself by ``address`` (``$id``)."""
        return any(base == address or base.endswith("/" + address.removeprefix("./")) for base in self._bases)

    def _location(self, is_it: Callable[[Any], bool]) -> str:
        """Where the mapping stands; searched only once there is something to complain of."""
        stack: list[tuple[Any, str]] = [(self._root, "")]
        while stack:
            node, path = stack.pop()
            if isinstance(node, dict):
                if is_it(node):
                    return path or "the document"
                stack.extend((value, f"{path}/{_escaped(key)}") for key, value in reversed(node.items()))
            elif isinstance(node, list):
                stack.extend((value, f"{path}/{index}") for index, value in reversed(list(enumerate(node))))
        return "the document"

    def _location_of(self, ref: str) -> str:
        return self._location(lambda node: ref in (node.get("$ref"), node.get("$dynamicRef")))


def unchanged_references(old: References, new: References, old_root: Any, new_root: Any) -> frozenset[str]:
    """
    The references that mean the same in both documents.

    The greatest fixed point: a part is unchanged when both sides are equal, value by value, and all they refer to is unchanged;
    so recursion needs no care.
    """
    parts = {part: refs for part, refs in old.of_part.items() if part[:1] in (("components",), ("definitions",))}
    changed = {part for part in parts if part not in new.of_part or look_up(old_root, part) != look_up(new_root, part)}
    users: dict[Pointer, list[Pointer]] = {}
    for part, refs in parts.items():
        for ref in refs:
            target = split_pointer(ref) if ref.startswith("#/") else ()
            if target in parts:
                users.setdefault(target, []).append(part)
            else:
                changed.add(part)
    queue = list(changed)
    while queue:
        for user in users.get(queue.pop(), ()):
            if user not in changed:
                changed.add(user)
                queue.append(user)
    kept = parts.keys() - changed
    return frozenset(ref for refs in old.of_part.values() for ref in refs if _part_of(ref) in kept)


def _part_of(ref: str) -> Pointer:
    return split_pointer(ref) if ref.startswith("#/") else ()


def _parts(root: Mapping[str, Any]) -> Iterable[tuple[Pointer, Any]]:
    yield (), {key: value for key, value in root.items() if isinstance(value, str)}
    for key, value in root.items():
        if not isinstance(value, dict | list) or _is_extension(key):
            continue
        if key == "components" and isinstance(value, dict):
            for section, entries in value.items():
                if not isinstance(entries, dict) or section in ("examples", "links") or _is_extension(section):
                    continue
                for name, entry in entries.items():
                    if isinstance(entry, dict | list):
                        yield (key, section, name), entry
        elif key in NAMES and isinstance(value, dict):
            for name, entry in value.items():
                if isinstance(entry, dict | list):
                    yield (key, str(name)), entry
        else:
            yield (key,), {key: value}


def _ref_of(node: Any) -> str | None:
    ref = node.get("$ref") if isinstance(node, Mapping) else None
    return ref if isinstance(ref, str) else None


def _is_extension(key: Any) -> bool:
    return key.__class__ is str and key[:2] == "x-"


def _escaped(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")
