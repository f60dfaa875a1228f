"""What a schema asserts, in the one vocabulary of 2020-12."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concordat_contracts.schema.model.node import Node

Bound = tuple[Fraction, bool]
"""A limit and whether it is exclusive."""


@dataclass(slots=True)
class Keywords:
    """What a schema asserts; a field at its default asserts nothing."""

    types: frozenset[str] | None = None
    enum: tuple[Any, ...] | None = None
    is_const: bool = False
    low: Bound | None = None
    high: Bound | None = None
    multiple: Fraction | None = None
    min_length: int = 0
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None
    prefix: tuple["Node", ...] = ()
    rest: "Node | None" = None
    contains: "tuple[Node, int, int | None] | None" = None
    min_items: int = 0
    max_items: int | None = None
    unique: bool = False
    properties: "dict[str, Node]" = field(default_factory=dict)
    pattern_properties: "dict[str, Node]" = field(default_factory=dict)
    additional: "Node | None" = None
    names: "Node | None" = None
    required: tuple[str, ...] = ()
    min_properties: int = 0
    max_properties: int | None = None
    dependent_required: dict[str, tuple[str, ...]] = field(default_factory=dict)
    dependent_schemas: "dict[str, Node]" = field(default_factory=dict)
    all_of: "tuple[Node, ...]" = ()
    any_of: "tuple[Node, ...] | None" = None
    one_of: "tuple[Node, ...] | None" = None
    negated: "Node | None" = None
    condition: "tuple[Node, Node | None, Node | None] | None" = None
    unevaluated_items: "Node | None" = None
    unevaluated_properties: "Node | None" = None
    opaque: tuple[Any, ...] = ()
    """Assertions we cannot model; each equals only itself."""


class Malformed(ValueError):
    """A schema that is none; ``str()`` says why."""

    document: object = None
    """The document it stands in, where that is known."""
