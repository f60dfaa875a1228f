"""
Where each generated field comes from: the spec, a default, the cluster, or a rule with its reason.

Found by trying, so that it cannot lie: every input is changed by itself, and what moves in the plan comes from it. No
list of origins is kept beside the builders that could grow old. What nothing moves is a rule; its reason is written
down in :mod:`~concordat.plan.explain.reasons`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from concordat.api import Microservice
from concordat.facts import Facts
from concordat.manifest import ChildKey, Manifest, PlannedChild, object_name
from concordat.manifest.difference import Path, leaves, moved, written
from concordat.observability.slo.delivery import condensed
from concordat.plan.explain.perturbation import Point, Source, other_tiers, other_values, unstated, without
from concordat.plan.explain.reasons import EXISTENCE, reason
from concordat.plan.service import Plan, plan

__all__ = ["Cause", "Origin", "Source", "explain"]


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One thing a field comes from."""

    source: Source
    where: str
    """What to change: ``spec.scaling.min``; the tier's name; ``provider payments/payments``. Empty for a rule."""
    why: str = ""
    """The reason of a rule; for a default, the field that overrides it."""

    def __str__(self) -> str:
        match self.source:
            case Source.TIER:
                return f"default of tier {self.where}" + (f"; set {self.why}" if self.why else "")
            case Source.DEFAULT:
                return f"default; set {self.where}"
            case Source.RULE:
                return f"always: {self.why}"
        return self.where


@dataclass(frozen=True, kw_only=True)
class Origin:
    """One field of a child and everything it comes from. An empty path stands for the child itself."""

    child: ChildKey
    path: str
    value: Any
    causes: tuple[Cause, ...]


_Leaf = tuple[str, Path]
"""Which child, see :func:`_children`, and a path in it; ``()`` for the child itself."""
_Effects = dict[_Leaf, bool]
"""What an input moves, and whether it is gone altogether."""


def explain(service: Microservice, facts: Facts) -> tuple[Origin, ...]:
    """
    Every field of every child with its causes, in the order of the plan.

    Empty when the plan is: what is refused has no children to explain.
    """
    children = _children(service, plan(service, facts))
    before = _manifests(children)

    points: defaultdict[_Leaf, dict[Point, bool]] = defaultdict(dict)

    def note(point: Point, effects: _Effects) -> None:
        for leaf, gone in effects.items():
            points[leaf][point] = gone and points[leaf].get(point, True)

    for point, changed, known in chain(other_values(service, facts), other_tiers(service, facts)):
        note(point, _effects(before, changed, known))
    stated = ((point, _effects(before, changed, known)) for point, changed, known in unstated(service, facts))
    for point, effects in _smallest(stated):
        note(point, effects)
    for point, changed, known in without(service, facts):
        note(point, {leaf: gone for leaf, gone in _effects(before, changed, known).items() if not points[leaf]})

    def origin(which: str, path: Path, value: Any) -> Origin:
        text, child = written(path, before[which]), children[which].key
        return Origin(
            child=child, path=text, value=value, causes=_causes(points[which, path], child.kind, text, service, value)
        )

    return tuple(
        found
        for which, manifest in before.items()
        for found in (
            origin(which, (), None),
            *(origin(which, path, value) for path, value in leaves(manifest).items()),
        )
    )


def _children(service: Microservice, planned: Plan) -> dict[str, PlannedChild]:
    """By kind and what its name adds to the service's: the same child of a service of another name."""
    own = object_name(service.name)
    return {f"{child.key.kind}{child.name.removeprefix(own)}": child for child in planned.children}


def _manifests(children: Mapping[str, PlannedChild]) -> dict[str, Manifest]:
    return {which: condensed(child.manifest) for which, child in children.items()}


def _effects(before: dict[str, Manifest], service: Microservice, facts: Facts) -> _Effects:
    changed = plan(service, facts)
    if not changed.complete:
        return {}
    after = _manifests(_children(service, changed))
    whole: _Effects = {(which, ()): True for which in before if which not in after}
    return whole | {
        (which, path): gone for which in before if which in after for path, gone in moved(before[which], after[which])
    }


def _smallest(found: Iterable[tuple[Point, _Effects]]) -> Iterator[tuple[Point, _Effects]]:
    """Of each point the value that moves least: the others drag along what is not its own."""
    by_point: defaultdict[Point, list[_Effects]] = defaultdict(list)
    for point, effects in found:
        if effects:
            by_point[point].append(effects)
    for point, tried in by_point.items():
        existence = {leaf: gone for effects in tried for leaf, gone in effects.items() if not leaf[1]}
        yield point, existence | min(tried, key=lambda effects: (any(effects.values()), len(effects)))


_ORDER: dict[Source, int] = {source: position for position, source in enumerate(Source)}


def _causes(points: Mapping[Point, bool], kind: str, path: str, service: Microservice, value: Any) -> tuple[Cause, ...]:
    if not points:
        return (Cause(source=Source.RULE, where="", why=(reason(kind, path) if path else EXISTENCE.get(kind)) or ""),)

    # A default that can make the field go away says less than whatever gives it another value.
    telling = {p for p, gone in points.items() if not gone} or set(points)
    tier = [p for p in telling if p.source is Source.TIER]
    defaults = sorted(p.where for p in telling if p.source is Source.DEFAULT)
    others = [p for p in points if p.source not in (Source.TIER, Source.DEFAULT)]

    causes = [Cause(source=point.source, where=point.where) for point in others]
    if tier and value == service.spec.tier.value:
        said = "tier" in service.spec.model_fields_set
        causes.append(Cause(source=Source.SPEC if said else Source.DEFAULT, where="spec.tier"))
    elif tier:
        causes.append(Cause(source=Source.TIER, where=service.spec.tier.value, why=", ".join(defaults)))
    elif not any(point.source is Source.SPEC for point in others):
        causes += [Cause(source=Source.DEFAULT, where=where) for where in defaults]
    return tuple(sorted(causes, key=lambda cause: _ORDER[cause.source]))
