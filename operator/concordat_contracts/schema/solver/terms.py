"""
The words of the search: schemas with a sign, sets of property names, and what holds for values of one kind.

A *branch* is a conjunction of simple statements about values of one kind (numbers, strings, arrays, objects). Every JSON
Schema assertion and its negation is a disjunction of such conjunctions, which is why nothing else is needed.
"""

from fractions import Fraction
from typing import Any, NamedTuple

from concordat_contracts.schema.model.keywords import Bound
from concordat_contracts.schema.model.node import Node

INSIDE = "+"
OUTSIDE = "-"
SENT = "S"
"""Inside, and sent by somebody who sends only what the schema declares."""
SENT_PART = "s"
"""A part in place (``allOf``, a reference) of a schema that is sent; what it declares counts for the whole."""


class Signed(NamedTuple):
    """A schema that the value must satisfy, or must not."""

    mode: str
    node: Node

    @property
    def opposite(self) -> "Signed":
        return Signed(INSIDE if self.mode == OUTSIDE else OUTSIDE, self.node)


Names = tuple[Any, ...]
"""``("name", n)``, ``("match", pattern)``, ``("others", names, patterns)`` (all but those) or ``("unless", node)``
(those that the schema of ``propertyNames`` refuses)."""

Literal = tuple[Any, ...]
"""One simple statement; its first word says which (see the ``add`` of each branch)."""

Action = Signed | Literal
Alternative = tuple[Action, ...]


def is_empty(low: Bound | None, high: Bound | None) -> bool:
    """Whether no number at all lies between the bounds."""
    if low is None or high is None:
        return False
    return low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1]))


class Branch:
    """A conjunction of statements about values of one kind."""

    __slots__ = ("finite", "opaque", "undecided", "without")

    def __init__(self) -> None:
        self.finite: tuple[Any, ...] | None = None
        """The values some ``enum`` leaves; nothing else can be in the branch."""
        self.undecided = False
        """Whether something that must hold can neither be shown nor refuted."""
        self.opaque: set[tuple[Any, bool]] = set()
        self.without: list[Any] = []

    def copy(self) -> "Branch":
        other = type(self).__new__(type(self))
        for cls in type(self).__mro__[:-1]:
            for slot in getattr(cls, "__slots__", ()):
                value = getattr(self, slot)
                setattr(other, slot, value.copy() if isinstance(value, set | list | dict) else value)
        return other

    def add(self, literal: Literal) -> bool:
        """Take a statement in; ``False`` when it plainly contradicts what is there already."""
        word = literal[0]
        if word == "opaque":
            self.opaque.add((literal[1], literal[2]))
            return (literal[1], not literal[2]) not in self.opaque
        if word == "without":
            self.without.extend(literal[1])
            return True
        return self.take(literal)

    def take(self, literal: Literal) -> bool:
        raise NotImplementedError(literal)

    def has(self, literal: Literal) -> bool:
        """Whether the statement plainly holds already."""
        return literal[0] == "opaque" and (literal[1], literal[2]) in self.opaque


class NumberBranch(Branch):
    """``low``, ``high``, ``multiple``, ``other`` (no multiple of)."""

    __slots__ = ("high", "low", "multiples", "others")

    def __init__(self) -> None:
        super().__init__()
        self.low: Bound | None = None
        self.high: Bound | None = None
        self.multiples: set[Fraction] = set()
        self.others: set[Fraction] = set()

    def take(self, literal: Literal) -> bool:
        word, value = literal
        if word == "low":
            self.low = value if self.low is None or value > self.low else self.low
        elif word == "high":
            tighter = self.high is None or (value[0], not value[1]) < (self.high[0], not self.high[1])
            self.high = value if tighter else self.high
        elif word == "multiple":
            self.multiples.add(value)
        else:
            self.others.add(value)
        if is_empty(self.low, self.high):
            return False
        return not any((mine / other).denominator == 1 for mine in self.multiples for other in self.others)

    def has(self, literal: Literal) -> bool:
        word = literal[0]
        if word == "low":
            return self.low is not None and self.low >= literal[1]
        if word == "high":
            value = literal[1]
            return self.high is not None and (self.high[0], not self.high[1]) <= (value[0], not value[1])
        if word == "multiple":
            return any((mine / literal[1]).denominator == 1 for mine in self.multiples)
        return super().has(literal)


class StringBranch(Branch):
    """``least`` and ``most`` characters, ``match``, ``mismatch``, ``format``, ``other-format``."""

    __slots__ = ("formats", "least", "most", "other_formats", "other_patterns", "patterns")

    def __init__(self) -> None:
        super().__init__()
        self.least = 0
        self.most: int | None = None
        self.patterns: set[str] = set()
        self.other_patterns: set[str] = set()
        self.formats: set[str] = set()
        self.other_formats: set[str] = set()

    def take(self, literal: Literal) -> bool:
        word, value = literal
        if word == "least":
            self.least = max(self.least, value)
        elif word == "most":
            self.most = value if self.most is None else min(self.most, value)
        elif word == "match":
            self.patterns.add(value)
        elif word == "mismatch":
            self.other_patterns.add(value)
        elif word == "format":
            self.formats.add(value)
        else:
            self.other_formats.add(value)
        if self.most is not None and self.least > self.most:
            return False
        return not (self.patterns & self.other_patterns or self.formats & self.other_formats)

    def has(self, literal: Literal) -> bool:
        word = literal[0]
        if word == "least":
            return bool(self.least >= literal[1])
        if word == "most":
            return self.most is not None and self.most <= literal[1]
        return (word == "match" and literal[1] in self.patterns) or super().has(literal)


class ArrayBranch(Branch):
    """
    ``least`` and ``most`` items; ``at`` an index and ``from`` an index on a schema holds; ``some`` item from an index on;
    ``count`` of items inside a schema; ``unique``, or ``twice`` the same item.
    """

    __slots__ = ("at", "counts", "distinct", "least", "most", "rest", "some", "twice")

    def __init__(self) -> None:
        super().__init__()
        self.least = 0
        self.most: int | None = None
        self.at: dict[int, tuple[Signed, ...]] = {}
        self.rest: list[tuple[int, Signed]] = []
        self.some: list[tuple[int, Signed]] = []
        self.counts: list[tuple[Node, int, int | None]] = []
        self.distinct = False
        self.twice = False

    def take(self, literal: Literal) -> bool:
        word = literal[0]
        if word == "least":
            self.least = max(self.least, literal[1])
        elif word == "most":
            self.most = literal[1] if self.most is None else min(self.most, literal[1])
        elif word == "at":
            self.at[literal[1]] = (*self.at.get(literal[1], ()), literal[2])
        elif word == "from":
            self.rest.append((literal[1], literal[2]))
        elif word == "some":
            self.some.append((literal[1], literal[2]))
            self.least = max(self.least, literal[1] + 1)
        elif word == "count" and literal[2:] == (0, 0):
            self.rest.append((0, Signed(OUTSIDE, literal[1])))
        elif word == "count" and literal[2:] == (1, None):
            self.some.append((0, Signed(INSIDE, literal[1])))
            self.least = max(self.least, 1)
        elif word == "count":
            self.counts.append((literal[1], literal[2], literal[3]))
            self.least = max(self.least, literal[2])
        elif word == "unique":
            self.distinct = True
        else:
            self.twice = True
            self.least = max(self.least, 2)
        return not (self.distinct and self.twice) and (self.most is None or self.least <= self.most)

    def has(self, literal: Literal) -> bool:
        word = literal[0]
        if word == "least":
            return bool(self.least >= literal[1])
        if word == "most":
            return self.most is not None and self.most <= literal[1]
        return (word == "unique" and self.distinct) or (word == "twice" and self.twice) or super().has(literal)

    def here(self, index: int) -> frozenset[Signed]:
        """All that an item at ``index`` must be."""
        return frozenset((*self.at.get(index, ()), *(signed for start, signed in self.rest if start <= index)))

    @property
    def settled(self) -> int:
        """From this index on the items are all alike."""
        return max(
            [
                0,
                *(index + 1 for index in self.at),
                *(start for start, _ in self.rest),
                *(start for start, _ in self.some),
            ]
        )


class ObjectBranch(Branch):
    """``least`` and ``most`` properties; ``every`` property of a set of names is inside a schema; ``some`` property is."""

    __slots__ = (
        "changed",
        "declared",
        "is_loose",
        "is_open",
        "is_sent",
        "least",
        "most",
        "named",
        "present",
        "sets",
        "wanted",
    )

    def __init__(self) -> None:
        super().__init__()
        self.least = 0
        self.most: int | None = None
        self.named: dict[str, frozenset[Signed]] = {}
        """What ``every`` property of one name is inside."""
        self.sets: list[tuple[Names, Signed]] = []
        """The same for larger sets of names."""
        self.present: dict[str, frozenset[Signed]] = {}
        """``some`` property of one name: it is there, and inside these."""
        self.wanted: list[tuple[Names, Signed | None]] = []
        """The same for larger sets of names: at least one is there."""
        self.changed: set[str] = set()
        """Present properties of which more is known than when last looked at."""
        self.is_sent = False
        self.is_open = False
        self.is_loose = False
        self.declared: set[Names] = set()

    def take(self, literal: Literal) -> bool:
        word = literal[0]
        if word == "least":
            self.least = max(self.least, literal[1])
            return self.most is None or self.least <= self.most
        if word == "most":
            self.most = literal[1] if self.most is None else min(self.most, literal[1])
            return self.least <= self.most
        return self._every(literal[1], literal[2]) if word == "every" else self._some(literal[1], literal[2])

    def _every(self, names: Names, signed: Signed) -> bool:
        if names[0] != "name":
            self.sets.append((names, signed))
            self.changed.update(self.present)
            return not (_refuses(signed) and any(names == other for other, _ in self.wanted))
        name = names[1]
        self.named[name] = self.named.get(name, frozenset()) | {signed}
        if name in self.present:
            self.changed.add(name)
        return not (name in self.present and (_refuses(signed) or signed.opposite in self.present[name]))

    def _some(self, names: Names, signed: Signed | None) -> bool:
        if names[0] != "name":
            self.wanted.append((names, signed))
            return not any(names == other and _refuses(refusing) for other, refusing in self.sets)
        name = names[1]
        self.changed.add(name)
        self.present[name] = self.present.get(name, frozenset()) | (frozenset() if signed is None else {signed})
        return not any(_refuses(inside) for inside in self.named.get(name, ()))

    def has(self, literal: Literal) -> bool:
        word = literal[0]
        if word == "least":
            return bool(self.least >= literal[1])
        if word == "most":
            return self.most is not None and self.most <= literal[1]
        if word == "some" and literal[1][0] == "name":
            inside = self.present.get(literal[1][1])
            return inside is not None and (literal[2] is None or literal[2] in inside)
        if word == "some":
            return (literal[1], literal[2]) in self.wanted
        if word == "every" and literal[1][0] == "name":
            inside = self.named.get(literal[1][1], frozenset())
            return literal[2] in inside or any(_refuses(signed) for signed in inside)
        return (word == "every" and (literal[1], literal[2]) in self.sets) or super().has(literal)


def _refuses(signed: Signed) -> bool:
    return signed.node.constant is (signed.mode == OUTSIDE)
