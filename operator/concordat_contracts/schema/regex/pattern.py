"""
Regular expressions as sets of strings, so that inclusion can be decided and a string outside be shown.

ECMA 262 patterns become expressions closed under intersection and complement; a search over their derivatives (Brzozowski
1964; Owens, Reppy, Turon 2009) finds a shortest member or proves that there is none, within a budget of states. What is not
regular or not understood (back references, word boundaries, look-behind) raises :class:`Undecided`.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Any

from concordat_contracts.schema.regex.syntax import ANY, Ranges, Tree, has_assertion, parse
from concordat_contracts.steps import spend

STATES = 1500
EXPRESSIONS = 30_000
WORK = 40_000
"""Expressions looked at while others are made from them, for one question."""
WORK_PER_STEP = 10
PREFERRED = "abcxyzABC0123-_.@/: "


class Undecided(Exception):
    """The question is beyond what is understood, or beyond the budget."""


class Expression:
    """A set of strings; equal sets are often, not always, one object."""

    __slots__ = ("kind", "nullable", "parts")

    def __init__(self, kind: str, parts: tuple[Any, ...], nullable: bool) -> None:
        self.kind = kind
        self.parts = parts
        self.nullable = nullable


class Algebra:
    """Builds expressions, each shape once, and takes their derivatives."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], Expression] = {}
        self._derived: dict[tuple[int, int], Expression] = {}
        self.work = 0
        self.nothing = self._make("nothing", (), False)
        self.empty = self._make("empty", (), True)
        self.any_char = self.chars(ANY)
        self.anything = self.repeat(self.any_char, 0, None)

    def _make(self, kind: str, parts: tuple[Any, ...], nullable: bool) -> Expression:
        key = (kind, *(id(part) if isinstance(part, Expression) else part for part in parts))
        found = self._known.get(key)
        if found is None:
            if len(self._known) > EXPRESSIONS:
                raise Undecided("too many expressions")
            found = self._known[key] = Expression(kind, parts, nullable)
        return found

    def _pay(self, work: int) -> None:
        self.work += work
        if self.work > WORK:
            raise Undecided("too much work")

    def chars(self, ranges: Ranges) -> Expression:
        return self._make("chars", (ranges,), False) if ranges else self.nothing

    def word(self, word: str) -> Expression:
        result = self.empty
        for char in reversed(word):
            result = self.join(self.chars(((ord(char), ord(char)),)), result)
        return result

    def join(self, first: Expression, second: Expression) -> Expression:
        if self.nothing in (first, second):
            return self.nothing
        if first is self.empty:
            return second
        if second is self.empty:
            return first
        self._pay(1)
        if first.kind == "join":
            return self.join(first.parts[0], self.join(first.parts[1], second))
        if first is self.anything and second is self.anything:
            return first
        return self._make("join", (first, second), first.nullable and second.nullable)

    def repeat(self, inner: Expression, least: int, most: int | None) -> Expression:
        if inner.nullable:
            least = 0
        if most == 0 or inner is self.empty:
            return self.empty
        if inner is self.nothing:
            return self.empty if least == 0 else self.nothing
        if (least, most) == (1, 1):
            return inner
        return self._make("repeat", (inner, least, most), least == 0)

    def either(self, options: Iterable[Expression]) -> Expression:
        flat = self._flat("either", options)
        flat.pop(id(self.nothing), None)
        if id(self.anything) in flat:
            return self.anything
        if not flat:
            return self.nothing
        if len(flat) == 1:
            return next(iter(flat.values()))
        parts = tuple(flat[key] for key in sorted(flat))
        return self._make("either", parts, any(part.nullable for part in parts))

    def both(self, options: Iterable[Expression]) -> Expression:
        flat = self._flat("both", options)
        flat.pop(id(self.anything), None)
        if id(self.nothing) in flat:
            return self.nothing
        if not flat:
            return self.anything
        if len(flat) == 1:
            return next(iter(flat.values()))
        if any(part.kind == "other" and id(part.parts[0]) in flat for part in flat.values()):
            return self.nothing
        parts = tuple(flat[key] for key in sorted(flat))
        return self._make("both", parts, all(part.nullable for part in parts))

    def other(self, inner: Expression) -> Expression:
        if inner.kind == "other":
            return inner.parts[0]  # type: ignore[no-any-return]
        if inner is self.nothing:
            return self.anything
        if inner is self.anything:
            return self.nothing
        return self._make("other", (inner,), not inner.nullable)

    def _flat(self, kind: str, options: Iterable[Expression]) -> dict[int, Expression]:
        flat: dict[int, Expression] = {}
        for option in options:
            for part in option.parts if option.kind == kind else (option,):
                flat[id(part)] = part
        self._pay(len(flat))
        return flat

    def derive(self, expression: Expression, char: int) -> Expression:
        """What may follow once ``char`` has been read."""
        key = (id(expression), char)
        found = self._derived.get(key)
        if found is None:
            self._pay(1)
            found = self._derived[key] = self._derive(expression, char)
        return found

    def _derive(self, expression: Expression, char: int) -> Expression:
        parts = expression.parts
        if expression.kind == "chars":
            return self.empty if any(low <= char <= high for low, high in parts[0]) else self.nothing
        if expression.kind == "join":
            after = self.join(self.derive(parts[0], char), parts[1])
            return self.either((after, self.derive(parts[1], char))) if parts[0].nullable else after
        if expression.kind == "repeat":
            inner, least, most = parts
            left = self.repeat(inner, max(least - 1, 0), None if most is None else most - 1)
            return self.join(self.derive(inner, char), left)
        if expression.kind == "either":
            return self.either([self.derive(part, char) for part in parts])
        if expression.kind == "both":
            return self.both([self.derive(part, char) for part in parts])
        if expression.kind == "other":
            return self.other(self.derive(parts[0], char))
        return self.nothing

    def alphabet(self, expression: Expression) -> list[int]:
        """One character for each class that the expression can tell apart, likeable ones where there is a choice."""
        cuts = {0, 0xD800, 0xE000, 0x110000}
        sets: dict[int, Ranges] = {}
        pending, seen = [expression], {id(expression)}
        while pending:
            at = pending.pop()
            if at.kind == "chars":
                sets[id(at)] = at.parts[0]
                for low, high in at.parts[0]:
                    cuts.update((low, high + 1))
            for part in at.parts:
                if isinstance(part, Expression) and id(part) not in seen:
                    seen.add(id(part))
                    pending.append(part)
        if len(cuts) * len(sets) > 200_000:
            raise Undecided("too many character classes")
        self._pay(len(cuts) * len(sets) // WORK_PER_STEP)
        liked = [ord(char) for char in PREFERRED]
        edges = sorted(cuts)
        chosen: dict[tuple[bool, ...], int] = {}
        for candidate in [
            *liked,
            *(max(low, 33) if low < 33 < high else low for low, high in pairwise(edges)),
        ]:
            if 0xD800 <= candidate < 0xE000 or candidate >= 0x110000:
                continue
            signature = tuple(any(low <= candidate <= high for low, high in ranges) for ranges in sets.values())
            chosen.setdefault(signature, candidate)
        return list(chosen.values())


def members(
    inside: Iterable[str], outside: Iterable[str] = (), least: int = 0, most: int | None = None,
    without: Iterable[str] = (), wanted: int = 1,
) -> list[str]:  # fmt: skip
    """
    Up to ``wanted`` short strings that match all patterns ``inside`` and none ``outside``; an empty list is a proof.

    :param least: length in code points, likewise ``most``
    :param without: strings that do not count
    :raises Undecided: not understood, or out of budget
    """
    found, work = _priced(
        tuple(sorted(set(inside))), tuple(sorted(set(outside))), least, most, tuple(sorted(set(without))), wanted
    )
    # Paid for whether remembered or not, so that a verdict does not depend on what was asked before.
    spend(1 + work // WORK_PER_STEP, "its patterns take too long to compare")
    if isinstance(found, Undecided):
        raise Undecided(*found.args)
    return list(found)


@lru_cache(maxsize=4096)
def _priced(
    inside: tuple[str, ...],
    outside: tuple[str, ...],
    least: int,
    most: int | None,
    without: tuple[str, ...],
    wanted: int,
) -> tuple[tuple[str, ...] | Undecided, int]:
    """The answer and the work that it took."""
    algebra = Algebra()
    try:
        return _members(algebra, inside, outside, least, most, without, wanted), algebra.work
    except Undecided as reason:
        return Undecided(*reason.args), algebra.work
    except RecursionError:
        return Undecided("nested too deeply"), algebra.work


def _members(
    algebra: Algebra,
    inside: tuple[str, ...],
    outside: tuple[str, ...],
    least: int,
    most: int | None,
    without: tuple[str, ...],
    wanted: int,
) -> tuple[str, ...]:
    if most is not None and least > most:
        return ()
    parts = [language(algebra, pattern) for pattern in inside]
    parts += [algebra.other(language(algebra, pattern)) for pattern in outside]
    parts += [algebra.other(algebra.word(word)) for word in without]
    unbounded = algebra.both(parts)
    free = _walk(algebra, unbounded, wanted)
    if not free or (least == 0 and most is None):
        return free
    fitting = tuple(word for word in free if least <= len(word) and (most is None or len(word) <= most))
    if len(fitting) >= wanted:
        return fitting
    if least > 2000:
        raise Undecided("a very long string")
    return _walk(algebra, algebra.both((algebra.repeat(algebra.any_char, least, most), unbounded)), wanted)


def _walk(algebra: Algebra, start: Expression, wanted: int) -> tuple[str, ...]:
    """Breadth first over derivatives, so that the first members found are among the shortest."""
    alphabet = algebra.alphabet(start)
    found: list[str] = []
    visits: dict[int, int] = {id(start): 1}
    pending = deque([(start, "")])
    taken = 0
    while pending:
        at, word = pending.popleft()
        taken += 1
        if at.nullable:
            found.append(word)
            if len(found) >= wanted:
                return tuple(found)
        if taken > STATES:
            if found:
                return tuple(found)
            raise Undecided("too many states")
        for char in alphabet:
            after = algebra.derive(at, char)
            if after is algebra.nothing or visits.get(id(after), 0) >= wanted:
                continue
            visits[id(after)] = visits.get(id(after), 0) + 1
            pending.append((after, word + chr(char)))
    return tuple(found)


def language(algebra: Algebra, pattern: str) -> Expression:
    """All strings in which the pattern is found somewhere, as JSON Schema searches."""
    tree = _parsed(pattern)
    if tree is None:
        raise Undecided(f"not understood: {pattern}")

    def rest(_: bool) -> Expression:
        return algebra.anything

    at_start = _build(algebra, tree, rest, True)
    later = _build(algebra, tree, rest, False)
    return algebra.either((at_start, algebra.join(algebra.repeat(algebra.any_char, 1, None), later)))


@lru_cache(maxsize=4096)
def _parsed(pattern: str) -> Tree | None:
    try:
        return parse(pattern)
    except (ValueError, RecursionError):
        return None


def _build(algebra: Algebra, tree: Tree, rest: Callable[[bool], Expression], at_start: bool) -> Expression:
    """``tree`` and then ``rest``; both are told whether they stand at the start, where ``^`` holds."""
    kind = tree[0]
    if kind == "chars":
        return algebra.join(algebra.chars(tree[1]), rest(False))
    if kind == "sequence":
        return _sequence(algebra, tree[1], rest, at_start)
    if kind == "choice":
        return algebra.either([_build(algebra, option, rest, at_start) for option in tree[1]])
    if kind == "start":
        return rest(True) if at_start else algebra.nothing
    if kind == "end":
        return algebra.empty if rest(at_start).nullable else algebra.nothing
    if kind == "look":
        ahead = _build(algebra, tree[2], lambda _: algebra.anything, at_start)
        return algebra.both((ahead if tree[1] else algebra.other(ahead), rest(at_start)))
    return _repetition(algebra, tree, rest, at_start)


def _sequence(
    algebra: Algebra, trees: tuple[Tree, ...], rest: Callable[[bool], Expression], at_start: bool
) -> Expression:
    if not trees:
        return rest(at_start)
    return _build(algebra, trees[0], lambda start: _sequence(algebra, trees[1:], rest, start), at_start)


def _repetition(algebra: Algebra, tree: Tree, rest: Callable[[bool], Expression], at_start: bool) -> Expression:
    _, inner, least, most = tree
    if has_assertion(inner):
        if (least, most) == (1, 1):
            return _build(algebra, inner, rest, at_start)
        if (least, most) == (0, 1):
            return algebra.either((_build(algebra, inner, rest, at_start), rest(at_start)))
        raise Undecided("an assertion inside a repetition")
    repeated = algebra.repeat(_build(algebra, inner, lambda _: algebra.empty, False), least, most)
    consumed = algebra.join(repeated, rest(False))
    return algebra.either((consumed, rest(True))) if at_start and repeated.nullable else consumed
