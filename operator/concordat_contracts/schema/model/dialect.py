"""Which JSON Schema is spoken, and in which direction its instances travel."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    """Who sends. The sender's instances must stay inside what the receiver accepts."""

    REQUEST = "request"
    """Clients of the old side send, the new side receives: old ⊆ new."""
    RESPONSE = "response"
    """The new side sends, clients of the old side receive: new ⊆ old."""
    BOTH = "both"
    """Sent both ways: old = new."""


class Dialect(StrEnum):
    """A draft of JSON Schema, or OpenAPI's variant of one."""

    DRAFT_4 = "draft-04"
    DRAFT_6 = "draft-06"
    DRAFT_7 = "draft-07"
    DRAFT_2019_09 = "2019-09"
    DRAFT_2020_12 = "2020-12"
    OPENAPI_30 = "openapi-3.0"
    OPENAPI_31 = "openapi-3.1"

    @classmethod
    def of(cls, schema: Any, default: "Dialect | None" = None) -> "Dialect":
        """The dialect a schema declares with ``$schema``; ``default`` (2020-12) where it declares none we know."""
        declared = schema.get("$schema") if isinstance(schema, Mapping) else None
        if isinstance(declared, str):
            for mark, dialect in _DECLARED.items():
                if mark in declared:
                    return dialect
        return default or cls.DRAFT_2020_12

    @property
    def is_openapi(self) -> bool:
        """Whether ``readOnly`` and ``writeOnly`` say who may send a property (in plain JSON Schema they only annotate)."""
        return self in (Dialect.OPENAPI_30, Dialect.OPENAPI_31)

    @property
    def year(self) -> int:
        """Position in the history of drafts, to ask since when a keyword asserts something; OpenAPI 3.0 reads leniently."""
        return _YEAR[self]

    @property
    def ref_stands_alone(self) -> bool:
        """Whether the neighbours of a ``$ref`` are ignored (draft 7 and older, OpenAPI 3.0)."""
        return self.year < 2019 or self is Dialect.OPENAPI_30


_DECLARED = {
    "draft-04": Dialect.DRAFT_4,
    "draft-06": Dialect.DRAFT_6,
    "draft-07": Dialect.DRAFT_7,
    "2019-09": Dialect.DRAFT_2019_09,
    "2020-12": Dialect.DRAFT_2020_12,
    "spec.openapis.org/oas/3.1": Dialect.OPENAPI_31,
}
_YEAR = {
    Dialect.DRAFT_4: 2013,
    Dialect.DRAFT_6: 2017,
    Dialect.DRAFT_7: 2018,
    Dialect.DRAFT_2019_09: 2019,
    Dialect.DRAFT_2020_12: 2020,
    # 3.0 knows few keywords, but documents written for it use more, and most validators honour them.
    Dialect.OPENAPI_30: 2019,
    Dialect.OPENAPI_31: 2020,
}
