"""Sets of property names: which are in, and a fresh one where one is needed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from concordat_contracts.schema.model.space import Space
from concordat_contracts.schema.regex import formats
from concordat_contracts.schema.solver.answers import Answer, Sample
from concordat_contracts.schema.solver.membership import accepts
from concordat_contracts.schema.solver.terms import INSIDE, OUTSIDE, Names, Signed

if TYPE_CHECKING:
    from concordat_contracts.schema.solver.search import Search


def is_named(space: Space, names: Names, name: str) -> bool | None:
    """Whether the set holds a name; ``None`` where a pattern cannot be told."""
    kind = names[0]
    if kind == "name":
        return bool(names[1] == name)
    if kind == "match":
        return formats.matches(names[1], name)
    if kind == "unless":
        accepted = accepts(space, Signed(INSIDE, names[1]), name)
        return None if accepted is None else not accepted
    if name in names[1]:
        return False
    matches = [formats.matches(pattern, name) for pattern in names[2]]
    if any(matches):
        return False
    return None if None in matches else True


def fresh(search: "Search", inside: Iterable[Names], outside: Iterable[Names], taken: frozenset[str]) -> Answer:
    """A name in all the sets ``inside`` and none ``outside`` that is not ``taken``; an exact answer or unknown."""
    schema: dict[str, object] = {"type": "string"}
    parts: list[object] = []
    question: set[Signed] = set()
    refused = set(taken)
    for names, wanted in [*((names, True) for names in inside), *((names, False) for names in outside)]:
        kind = names[0]
        if kind == "unless":
            question.add(Signed(OUTSIDE if wanted else INSIDE, names[1]))
        elif kind == "match":
            parts.append({"pattern": names[1]} if wanted else {"not": {"pattern": names[1]}})
        elif kind == "name":
            parts.append({"const": names[1]} if wanted else {"not": {"const": names[1]}})
        elif wanted:
            refused |= names[1]
            parts.extend({"not": {"pattern": pattern}} for pattern in names[2])
        else:
            patterns = [{"pattern": pattern} for pattern in names[2]]
            parts.append({"anyOf": [{"enum": sorted(names[1])}, *patterns]})
    if refused:
        parts.append({"not": {"enum": sorted(refused)}})
    if parts:
        schema["allOf"] = parts
    pretty = search.find(frozenset({*question, Signed(INSIDE, search.space.literal({**schema, "minLength": 1}))}))
    return (
        pretty
        if isinstance(pretty, Sample)
        else search.find(frozenset({*question, Signed(INSIDE, search.space.literal(schema))}))
    )
