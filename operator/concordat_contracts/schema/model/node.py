"""A schema in its document: the same object for the same meaning, its keywords read when first asked for."""

from typing import TYPE_CHECKING, Any

from concordat_contracts.schema.model.document import SchemaDocument
from concordat_contracts.schema.model.keywords import Keywords
from concordat_contracts.schema.model.reading import read
from concordat_contracts.schema.model.values import canonical

if TYPE_CHECKING:
    from concordat_contracts.schema.model.space import Space

MOST_REFERENCES = 16
_SPEAK_OF_HIDING = frozenset({"$ref", "readOnly", "writeOnly"})


class Node:
    """A schema in its document; the same object for the same meaning. ``constant`` is what a boolean schema says."""

    __slots__ = ("_allowed", "_hidden", "_keywords", "constant", "document", "raw", "space", "uid")

    def __init__(self, space: "Space", uid: int, document: SchemaDocument, raw: Any) -> None:
        self.space = space
        self.uid = uid
        self.document = document
        self.raw = raw
        self.constant: bool | None = raw if isinstance(raw, bool) else True if raw == {} else None
        self._keywords: Keywords | None = None
        self._allowed: frozenset[Any] | None = None
        self._hidden: dict[str, bool] = {}

    def lists(self, value: Any) -> bool:
        """Whether the schema's ``enum`` (which it must have) holds the value."""
        if self._allowed is None:
            self._allowed = frozenset(canonical(allowed) for allowed in self.keywords.enum or ())
        return canonical(value) in self._allowed

    @property
    def keywords(self) -> Keywords:
        if self._keywords is None:
            self._keywords = Keywords() if self.constant is not None else read(self)
        return self._keywords

    @classmethod
    def made(cls, space: "Space", uid: int, document: SchemaDocument, keywords: Keywords) -> "Node":
        """A schema nobody wrote, put together from parts of others."""
        node = cls(space, uid, document, None)
        node._keywords = keywords
        return node

    @property
    def may_be_hidden(self) -> bool:
        """Whether anything in the schema speaks of it: a cheap question, and for most the last."""
        return self.raw.__class__ is dict and not _SPEAK_OF_HIDING.isdisjoint(self.raw)

    def is_hidden(self, keyword: str | None) -> bool:
        """Whether ``readOnly`` (or ``writeOnly``) stands here or behind the references from here."""
        if keyword is None:
            return False
        if keyword not in self._hidden:
            self._hidden[keyword] = self._is_marked(keyword)
        return self._hidden[keyword]

    def _is_marked(self, keyword: str) -> bool:
        raw = self.raw
        for _ in range(MOST_REFERENCES):
            if not isinstance(raw, dict):
                return False
            if raw.get(keyword) is True:
                return True
            reference = raw.get("$ref")
            if not isinstance(reference, str):
                return False
            raw = self.document.resolve(reference)
        return False
