"""
From text to a parsed document, within bounds: JSON, YAML (1.2 core schema) and GraphQL SDL, the format found by looking.

YAML is built from parser events instead of ``yaml.load``: nothing is resolved to dates or booleans that JSON does not
know (``2027-06-30`` and ``on`` stay text), a key given twice is refused, and what the aliases of a document would expand to is
counted while it is read, so that a "billion laughs" costs microseconds.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from concordat_contracts.errors import InvalidDocument
from concordat_contracts.reading.json_text import read_json

MAX_BYTES = 32 * 1024 * 1024
"""GitHub's whole REST API is 13 MB of JSON."""
MAX_DEPTH = 200
"""Real documents stay below 60; a parser's stack ends at about 1,000."""
MAX_NODES = 2_000_000
"""Values, in JSON and YAML alike, all aliases expanded and extensions counted; GitHub's REST API has about 700,000."""

_BEFORE_SDL = re.compile(
    r"""(?: \s++ | \#[^\n]*+ | "{3}(?:[^"]|"(?!""))*+"{3} | "(?!"")(?:[^"\\\n]|\\.)*+" )*+""", re.VERBOSE | re.DOTALL
)
"""Blank space, comments and descriptions. Possessive throughout: what has been read is never read again."""
_SDL = re.compile(
    r"""(?: extend \s++ )?+
        (?: schema | (?: type | interface | union | enum | input | scalar ) \s++ \w++ | directive \s*+ @ ) [\s{@=(&]*+""",
    re.VERBOSE,
)

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]{1,4000}\Z")
_OCTAL = re.compile(r"0o[0-7]{1,4000}\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,4000}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?\Z")
_COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_MERGE = "<<"


def parse_text(text: str | bytes) -> Any:
    """
    Parse ``text`` and return mappings, lists and scalars, or the SDL itself as ``str``.

    Raises ``InvalidDocument`` for text that is neither, is too large, too deep, or grows too much by its aliases.
    """
    if len(text) > MAX_BYTES:
        raise InvalidDocument(
            f"the document has {len(text) / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} MiB are read",
            remedy="split the API into several contracts",
        )
    if isinstance(text, bytes):
        text = _decoded(text)
    text = text.removeprefix("\ufeff")
    start = text.lstrip()[:1]
    if not start:
        raise InvalidDocument(
            "the document is empty", remedy="give an OpenAPI, AsyncAPI, GraphQL or JSON Schema document"
        )
    if start in "{[":
        try:
            return read_json(text, deepest=MAX_DEPTH, most=MAX_NODES)
        except json.JSONDecodeError as flaw:
            if start == "{" and _is_sdl(text):
                return text
            not_json = flaw
        try:
            return _yaml(text)
        except InvalidDocument as flaw:
            if flaw.kind == "bounds":
                raise
            raise InvalidDocument(
                f"not JSON: {not_json.msg}", location=f"line {not_json.lineno}, column {not_json.colno}"
            ) from None
    if _is_sdl(text):
        return text
    return _yaml(text)


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as flaw:
        raise InvalidDocument(
            "the document is not UTF-8 text", location=f"byte {flaw.start}", remedy="save it as UTF-8"
        ) from None


def _is_sdl(text: str) -> bool:
    """Whether the first thing said is a GraphQL definition; ``type: object`` is YAML."""
    before = _BEFORE_SDL.match(text)
    match = _SDL.match(text, before.end() if before else 0)
    return match is not None and not text[match.end() :].startswith(":")


@dataclass(slots=True)
class _Open:
    """A collection not yet closed. ``size`` counts the values in it as if every alias were written out."""

    value: dict[str, Any] | list[Any]
    anchor: str | None
    key: str | None = None
    awaits_value: bool = False
    size: int = 1
    merges: list[Any] = field(default_factory=list)


def _yaml(text: str) -> Any:
    try:
        return _Builder().build(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as flaw:
        mark = getattr(flaw, "problem_mark", None)
        raise InvalidDocument(
            f"neither JSON, YAML nor GraphQL SDL: {getattr(flaw, 'problem', None) or flaw}",
            location=_at(mark) if mark else "the document",
        ) from None


class _Builder:
    """One pass over the events, one stack, no recursion."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._nodes = 0
        self._root: Any = None
        self._documents = 0

    def build(self, events: Iterator[Any]) -> Any:
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._add(_scalar(event), 1, event, event.anchor)
            elif kind is yaml.MappingStartEvent:
                self._open({}, event)
            elif kind is yaml.SequenceStartEvent:
                self._open([], event)
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self._close(event)
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                self._documents += 1
                if self._documents > 1:
                    raise InvalidDocument(
                        "more than one YAML document", location=_at(event.start_mark), remedy="give one document a file"
                    )
        return self._root

    def _open(self, value: dict[str, Any] | list[Any], event: Any) -> None:
        if event.tag not in _COLLECTION_TAGS:
            raise _forbidden(event)
        if len(self._stack) >= MAX_DEPTH:
            raise InvalidDocument(
                f"nested deeper than {MAX_DEPTH} levels", location=_at(event.start_mark), kind="bounds"
            )
        if self._stack and isinstance(self._stack[-1].value, dict) and not self._stack[-1].awaits_value:
            raise InvalidDocument("a mapping key must be text", location=_at(event.start_mark))
        self._stack.append(_Open(value=value, anchor=event.anchor))

    def _close(self, event: Any) -> None:
        done = self._stack.pop()
        if done.merges and isinstance(done.value, dict):
            for merged in done.merges:
                for key, value in merged.items():
                    done.value.setdefault(key, value)
        self._add(done.value, done.size, event, done.anchor)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise InvalidDocument(f"alias *{event.anchor} has no anchor before it", location=_at(event.start_mark))
        value, size = self._anchors[event.anchor]
        self._add(value, size, event, None)

    def _add(self, value: Any, size: int, event: Any, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size)
        if not self._stack:
            self._root = value
            return
        parent = self._stack[-1]
        parent.size += size
        if parent.size > MAX_NODES:
            raise InvalidDocument(
                f"more than {MAX_NODES:,} values, all aliases expanded",
                location=_at(event.start_mark),
                remedy="write the repeated part once and use $ref",
                kind="bounds",
            )
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.awaits_value:
            self._put(parent, value, event)
        else:
            parent.key, parent.awaits_value = _key(value, event), True

    def _put(self, parent: _Open, value: Any, event: Any) -> None:
        assert isinstance(parent.value, dict)
        assert parent.key is not None
        parent.awaits_value = False
        if parent.key == _MERGE:
            merged = value if isinstance(value, list) else [value]
            if not all(isinstance(each, dict) for each in merged):
                raise InvalidDocument("a merge key (<<) needs a mapping", location=_at(event.start_mark))
            parent.merges.extend(merged)
            return
        if parent.key in parent.value:
            raise InvalidDocument(
                f"the key {parent.key!r} is given twice", location=_at(event.start_mark), remedy="remove one of the two"
            )
        parent.value[parent.key] = value


def _key(value: Any, event: Any) -> str:
    """Keys are text, as in JSON: ``200:`` is ``"200"``, and ``null:`` means the word."""
    if isinstance(value, dict | list):
        raise InvalidDocument("a mapping key must be text", location=_at(event.start_mark))
    return str(event.value) if isinstance(event, yaml.ScalarEvent) else str(value)


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.tag is not None:
        return _tagged(event.tag, text, event)
    if event.style is not None and event.style not in ("", " "):
        return text
    if text in _NULLS:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    if _OCTAL.match(text):
        return int(text, 8)
    if _HEXADECIMAL.match(text):
        return int(text, 16)
    return text


def _tagged(tag: str, text: str, event: Any) -> Any:
    if tag in ("!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"):
        return text
    if tag == "tag:yaml.org,2002:null":
        return None
    if tag == "tag:yaml.org,2002:int" and _INTEGER.match(text):
        return int(text)
    if tag == "tag:yaml.org,2002:float" and _FLOAT.match(text):
        return float(text)
    if tag == "tag:yaml.org,2002:bool" and text in _TRUE | _FALSE:
        return text in _TRUE
    raise _forbidden(event)


def _forbidden(event: Any) -> InvalidDocument:
    return InvalidDocument(
        f"the YAML tag {event.tag!r} is not allowed", location=_at(event.start_mark), remedy="write plain values"
    )


def _at(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"
