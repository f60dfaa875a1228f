"""The schemas of one comparison, each meaning held once, and everything already found out about them."""

from dataclasses import dataclass
from typing import Any

from concordat_contracts.schema.model.dialect import Dialect
from concordat_contracts.schema.model.document import SchemaDocument
from concordat_contracts.schema.model.keywords import Keywords
from concordat_contracts.schema.model.node import Node


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How instances are taken to travel."""

    api: bool
    """Senders send what they declare (no undeclared properties), and ``oneOf`` is a choice, not an exclusion."""
    textual: bool
    """Scalars travel as text: a receiver of any string receives numbers too."""
    hidden: str | None
    """``readOnly`` or ``writeOnly``: properties so marked are not sent, and ignored when received."""


class Space:
    """Nodes by meaning; the memo of the search lives beside them."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._own = SchemaDocument({}, Dialect.DRAFT_2020_12)
        """Where schemas live that no document wrote; it remembers them, and so must end with the comparison."""
        self._by_identity: dict[tuple[int, int], tuple[Any, Node]] = {}
        self._by_digest: dict[Any, Node] = {}
        self.settled: dict[Any, Any] = {}
        """What the search proved: see :mod:`concordat_contracts.schema.solver.search`."""

    def node(self, document: SchemaDocument, schema: Any) -> Node:
        """The node of a schema; two schemas of equal digest, in whichever document, are one node."""
        known = self._by_identity.get((id(document), id(schema)))
        if known is not None:
            return known[1]
        plain = document.plain(schema)
        digest = document.digest(plain)
        node = self._by_digest.get(digest)
        if node is None:
            node = self._by_digest[digest] = Node(self, len(self._by_digest), document, plain)
        self._by_identity[id(document), id(schema)] = (schema, node)
        if plain is not schema:
            self._by_identity[id(document), id(plain)] = (plain, node)
        return node

    def literal(self, schema: Any) -> Node:
        """The node of a schema of our own making."""
        return self.node(self._own, schema)

    def made(self, key: tuple[Any, ...], keywords: Keywords, document: SchemaDocument | None = None) -> Node:
        """The node put together from parts of others, known by ``key``."""
        node = self._by_digest.get(key)
        if node is None:
            node = self._by_digest[key] = Node.made(self, len(self._by_digest), document or self._own, keywords)
        return node
