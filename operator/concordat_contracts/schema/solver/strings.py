"""Sets of strings: lengths, patterns, formats, and what is left out."""

from collections.abc import Iterable

from concordat_contracts.schema.regex import formats
from concordat_contracts.schema.regex.pattern import Undecided, members
from concordat_contracts.schema.solver.answers import EMPTY, UNKNOWN, Answer, Sample

LONG = 100_000


def pick(
    least: int, most: int | None, patterns: set[str], other_patterns: set[str], named: set[str], other_named: set[str], without: set[str]
) -> Answer:  # fmt: skip
    """A string of a length, matching ``patterns`` and none of the others, of the formats ``named`` and none of the others."""
    if most is not None and least > most:
        return EMPTY
    if patterns & other_patterns or _contradict(named, other_named):
        return EMPTY
    if not patterns and not other_patterns and not named and not other_named:
        return _of_length(least, most, without)
    shapes = patterns | {formats.SHAPES[name] for name in named if name in formats.SHAPES}
    try:
        found = members(shapes, other_patterns, least, most, without, wanted=24 if other_named else 1)
        if not found:
            return EMPTY
    except Undecided:
        found = []
    plain = [letter * length for length in (max(least, 1), least) if length <= LONG for letter in "aA0"]
    candidates = [*found, *_examples(named, other_named), *plain]
    if not named and not other_named and found:
        return Sample(found[0])
    unsure: Sample | None = None
    for candidate in candidates:
        verdict = _fits(candidate, least, most, patterns, other_patterns, named, other_named, without)
        if verdict is True:
            return Sample(candidate)
        if verdict is None and unsure is None:
            unsure = Sample(candidate, sure=False)
    return unsure or UNKNOWN


def _contradict(named: set[str], other_named: set[str]) -> bool:
    if any(formats.is_within(name, other) for name in named for other in other_named):
        return True
    return len(named & formats.EXCLUSIVE) > 1


def _of_length(least: int, most: int | None, without: set[str]) -> Answer:
    if least > LONG:
        return UNKNOWN
    longest = most if most is not None else least + 1
    if longest == 0:
        return EMPTY if "" in without else Sample("")
    for length in sorted(range(least, min(longest, least + 2) + 1), key=lambda length: length == 0):
        for letter in ("a", "b", "x", "0"):
            if letter * length not in without:
                return Sample(letter * length)
    # Left out are finitely many; of any length above zero there are more strings than that.
    length = max(least, 1)
    for code in range(0x4E00, 0x4E00 + len(without) + 1):
        if chr(code) * length not in without:
            return Sample(chr(code) * length)
    return UNKNOWN


def _examples(named: set[str], other_named: set[str]) -> Iterable[str]:
    for name in sorted(named):
        yield from formats.EXAMPLES.get(name, ())
    yield from formats.OTHER_EXAMPLES
    for name in sorted(formats.EXAMPLES) if other_named else ():
        yield from formats.EXAMPLES[name]


def _fits(
    value: str, least: int, most: int | None, patterns: set[str], other_patterns: set[str], named: set[str], other_named: set[str], without: set[str]
) -> bool | None:  # fmt: skip
    if value in without or len(value) < least or (most is not None and len(value) > most):
        return False
    verdict: bool | None = True
    for wanted, checks in ((True, [formats.matches(p, value) for p in patterns] + [formats.holds(n, value) for n in named]),
                           (False, [formats.matches(p, value) for p in other_patterns] + [formats.holds(n, value) for n in other_named])):  # fmt: skip
        for check in checks:
            if check is None:
                verdict = None
            elif check is not wanted:
                return False
    return verdict
