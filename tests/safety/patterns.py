"""
No regular expression of the project backtracks: matching takes time linear in the text, whatever the text.

Every pattern is read into an automaton (Python's own parser does the reading) and searched for ambiguity, after Weber and Seidl 1991:
a state that a word leads back to in two ways makes backtracking exponential; two states that a word loops on both, and leads from the
one to the other, make it polynomial. Possessive and atomic parts give nothing back, so that they count as one letter outside and are
searched on their own inside.
"""

import ast
import importlib
import json
import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser as reader  # type: ignore[import-not-found]
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
ALPHABET = (*map(chr, range(128)), "\u00e9", "\u0416", "\u2028", "\u4e00", "\U0001f600")
MANY = 50
"""A repetition that may go on longer than this counts as endless."""
_CALLS = frozenset({"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S", op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip

Letters = frozenset[str]


def backtracks(pattern: str, flags: int = 0) -> str:
    """Why a pattern can take more than linear time, or nothing."""
    pending = [reader.parse(pattern, flags)]
    while pending:
        automaton = _Automaton(pending.pop(), flags)
        pending.extend(automaton.apart)
        if automaton.flaw:
            return automaton.flaw
        why = _ambiguous(automaton.moves())
        if why:
            return why
    return ""


class _Automaton:
    """Thompson's construction; what gives nothing back is kept ``apart``."""

    def __init__(self, tree: Any, flags: int) -> None:
        self.flags = flags | tree.state.flags
        self.free: dict[int, set[int]] = {}
        self.steps: list[tuple[int, Letters, int]] = []
        self.apart: list[Any] = []
        self.flaw = ""
        self._new = count()
        self.start = next(self._new)
        self.end = self._sequence(tree, self.start)

    def moves(self) -> dict[int, list[tuple[Letters, int]]]:
        """Steps by letters between the states that letters lead to."""
        found: dict[int, list[tuple[Letters, int]]] = {}
        by_source: dict[int, list[tuple[Letters, int]]] = {}
        for source, letters, target in self.steps:
            by_source.setdefault(source, []).append((letters, target))
        pending = [self.start]
        while pending:
            state = pending.pop()
            if state in found:
                continue
            found[state] = [step for near in self._near(state) for step in by_source.get(near, ())]
            pending.extend(target for _, target in found[state])
        return found

    def _near(self, state: int) -> set[int]:
        seen, pending = {state}, [state]
        while pending:
            for near in self.free.get(pending.pop(), ()):
                if near not in seen:
                    seen.add(near)
                    pending.append(near)
        return seen

    def _join(self, first: int, second: int) -> None:
        self.free.setdefault(first, set()).add(second)

    def _letter(self, at: int, letters: Letters) -> int:
        to = next(self._new)
        self.steps.append((at, letters, to))
        return to

    def _sequence(self, tree: Any, at: int) -> int:
        for kind, argument in tree:
            at = self._part(kind, argument, at)
        return at

    def _part(self, kind: Any, argument: Any, at: int) -> int:
        if kind in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            return self._letter(at, _letters(kind, argument, self.flags))
        if kind is op.SUBPATTERN:
            return self._sequence(argument[3], at)
        if kind is op.BRANCH:
            end = next(self._new)
            if sum(option.getwidth()[0] == 0 for option in argument[1]) > 1:
                self.flaw = "two alternatives may be empty: exponential in a repetition"
            for option in argument[1]:
                self._join(self._sequence(option, at), end)
            return end
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            return self._repeat(*argument, at)
        if kind is op.POSSESSIVE_REPEAT or kind is op.ATOMIC_GROUP:
            inner = argument[2] if kind is op.POSSESSIVE_REPEAT else argument
            self.apart.append(inner)
            return self._letter(at, frozenset({f"apart {next(self._new)}"}))
        if kind in (op.ASSERT, op.ASSERT_NOT):
            self.apart.append(argument[1])
            return at
        if kind is op.AT:
            return at
        self.flaw = f"{kind} is not understood"
        return at

    def _repeat(self, least: int, most: Any, inner: Any, at: int) -> int:
        for _ in range(min(least, 2)):
            at = self._sequence(inner, at)
        if most is op.MAXREPEAT or most > MANY:
            if inner.getwidth()[0] == 0:
                self.flaw = "what may be empty is repeated without end: exponential"
            again = next(self._new)
            self._join(at, again)
            self._join(self._sequence(inner, again), again)
            return again
        for _ in range(min(most - least, 2)):
            after = next(self._new)  # not where the part ends: that may be inside a loop
            self._join(self._sequence(inner, at), after)
            self._join(at, after)
            at = after
        return at


def _letters(kind: Any, argument: Any, flags: int) -> Letters:
    if kind is op.ANY:
        return frozenset(char for char in ALPHABET if flags & re.DOTALL or char != "\n")
    if kind is op.LITERAL:
        return frozenset({chr(argument)})
    if kind is op.NOT_LITERAL:
        return frozenset(ALPHABET) - {chr(argument)}
    negative, found = False, set[str]()
    for member, value in argument:
        if member is op.NEGATE:
            negative = True
        elif member is op.LITERAL:
            found.add(chr(value))
        elif member is op.RANGE:
            found.update(char for char in ALPHABET if value[0] <= ord(char) <= value[1])
        else:
            found.update(char for char in ALPHABET if re.match(_CATEGORIES[value], char))
    return frozenset(ALPHABET) - found if negative else frozenset(found)


def _ambiguous(moves: Mapping[int, list[tuple[Letters, int]]]) -> str:
    """Whether two states (or two ways to one) loop on one word, the first leading to the second."""
    for state in moves:
        for letters, target in moves[state]:
            twins = [other for more, other in moves[state] if other == target and letters & more]
            if len(twins) > 1 and _reaches(moves, (target,), (state,)):
                return "a word leads back to a state in two ways: exponential"
    looping = [state for state in moves if _reaches(moves, (state,), (state,))]
    for first in looping:
        if _reaches(moves, (first, first), (first, first), differs=True):
            return "a word leads back to a state in two ways: exponential"
        for second in looping:
            if first != second and _reaches(moves, (first, first, second), (first, second, second)):
                return "a word loops at two places, one after the other: polynomial"
    return ""


def _reaches(
    moves: Mapping[int, list[tuple[Letters, int]]], start: tuple[int, ...], goal: tuple[int, ...], *, differs: bool = False
) -> bool:  # fmt: skip
    """Whether one word leads from each state of ``start`` to that of ``goal``; with ``differs`` by ways that part once."""
    pending: list[tuple[tuple[int, ...], bool]] = [(start, not differs)]
    seen: set[tuple[tuple[int, ...], bool]] = set()
    while pending:
        at, parted = pending.pop()
        for after in _together(moves, at):
            state = (after, parted or len(set(after)) > 1)
            if after == goal and state[1]:
                return True
            if state not in seen:
                seen.add(state)
                pending.append(state)
    return False


def _together(moves: Mapping[int, list[tuple[Letters, int]]], at: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    ways: list[tuple[Letters | None, tuple[int, ...]]] = [(None, ())]
    for state in at:
        ways = [
            (common, (*path, target))
            for letters, path in ways
            for more, target in moves[state]
            if (common := more if letters is None else letters & more)
        ]
    return (path for _, path in ways)


def of_the_source() -> Iterator[tuple[str, str, int]]:
    """Where, the pattern, its flags: every constant pattern that is handed to ``re`` in the product."""
    for folder in ("operator", "sample_services"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ".venv" in path.parts or "node_modules" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if _is_call(node) and isinstance(node, ast.Call) and node.args:
                    pattern = _constant(node.args[0]) or _named(path, node.args[0])
                    if pattern is not None:
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", pattern, _flags(node)


def _is_call(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in _CALLS
    )


def _constant(node: ast.expr) -> str | None:
    """The text of a constant; a hole of an f-string stands for one letter that nothing else matches."""
    if isinstance(node, ast.Constant):
        return node.value.decode() if isinstance(node.value, bytes) else str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "\u0416" for part in node.values)
    return None


def _named(path: Path, node: ast.expr) -> str | None:
    """The text that a name of the module stands for."""
    if not isinstance(node, ast.Name) or path.parts[-3:-1] == ("lab", "node") or "operator" not in path.parts:
        return None
    module = ".".join(path.relative_to(ROOT / "operator").with_suffix("").parts)
    value = getattr(importlib.import_module(module), node.id, None)
    return value if isinstance(value, str) else None


def _flags(call: ast.Call) -> int:
    given = [*call.args[1:], *(word.value for word in call.keywords)]
    names = {node.attr for each in given for node in ast.walk(each) if isinstance(node, ast.Attribute)}
    return int(sum(getattr(re, name) for name in names if name in re.RegexFlag.__members__))


def of_the_schemas() -> Iterator[tuple[str, str, int]]:
    """The patterns of the resource definitions and of the chart's values, which clients may check in any language."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if {".venv", "node_modules", ".git", "tests"} & set(parts) or path.suffix not in (".yaml", ".json"):
            continue
        if "crds" not in parts and path.name != "values.schema.json":
            continue
        documents = [json.loads(path.read_text())] if path.suffix == ".json" else yaml.safe_load_all(path.read_text())
        for pattern in sorted({found for document in documents for found in _patterns_in(document)}):
            yield "/".join(parts), pattern, 0


def _patterns_in(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for value in node.values():
            yield from _patterns_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from _patterns_in(value)


def all_patterns() -> list[tuple[str, str, int]]:
    """Every pattern of the product."""
    return [*of_the_source(), *of_the_schemas()]


def patterns_backtracking() -> Mapping[str, Any]:
    """Patterns of the product that can take more than linear time."""
    patterns = all_patterns()
    found = [(where, pattern, why) for where, pattern, flags in patterns if (why := backtracks(pattern, flags))]
    return {
        "figure": "patterns_backtracking", "value": len(found), "unit": f"of {len(patterns)}", "goal": "0",
        "holds": not found, "examples": found[:5],
    }  # fmt: skip


FIGURES: tuple[Callable[[], Mapping[str, Any]], ...] = (patterns_backtracking,)
