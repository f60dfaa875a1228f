"""
What properties announce beside their schema: deprecation, sunset, stability, ``x-extensible-enum``.

Walks both schemas side by side; a pair met before is not walked again, and a document without such announcements not at all.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat_contracts.findings.scope import STABILITY_LEVELS, Scope
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.openapi.lifecycle import REQUEST_PROPERTY, RESPONSE_PROPERTY, compare_deprecation, stability_of
from concordat_contracts.openapi.model import Operation

_INNER = ("items", "additionalProperties", "not")
_LISTS = ("allOf", "anyOf", "oneOf")


def compare_annotations(scope: Scope, old: Operation, new: Operation) -> Iterator[ContractFinding]:
    """The announcements of an operation's parameters and bodies."""
    if not scope.comparison.announces:
        return
    for key, parameter in old.parameters.items():
        if key in new.parameters:
            place = scope.at(f"{parameter.place} parameter {parameter.name}")
            before = scope.resolve_old(parameter.raw.get("schema"))
            after = scope.resolve_new(new.parameters[key].raw.get("schema"))
            yield from _extensible_enum(place, before, after, "request-parameter")
    if old.body is not None and new.body is not None:
        yield from _contents(scope.at("body"), old.body, new.body, "request")
    for status, before in old.responses.items():
        if status in new.responses:
            yield from _contents(scope.at(status), before, new.responses[status], "response")


def _contents(scope: Scope, old: Mapping[str, Any], new: Mapping[str, Any], side: str) -> Iterator[ContractFinding]:
    later = new.get("content") or {}
    for media_type, before in (old.get("content") or {}).items():
        after = later.get(media_type)
        if before and after:
            yield from _schemas(scope, before.get("schema"), after.get("schema"), side, "$", set())


def _schemas(
    scope: Scope, old: Any, new: Any, side: str, path: str, seen: set[tuple[int, int]]
) -> Iterator[ContractFinding]:
    old, new = scope.resolve_old(old), scope.resolve_new(new)
    if not isinstance(old, Mapping) or not isinstance(new, Mapping) or (id(old), id(new)) in seen:
        return
    seen.add((id(old), id(new)))
    later = new.get("properties")
    earlier = old.get("properties")
    for name, before in earlier.items() if isinstance(earlier, Mapping) else ():
        if not isinstance(later, Mapping) or name not in later:
            continue
        here = f"{path}.{name}"
        yield from _property(scope.at(here), scope.resolve_old(before), scope.resolve_new(later[name]), side)
        yield from _schemas(scope, before, later[name], side, here, seen)
    for keyword in _INNER:
        if keyword in old and keyword in new:
            yield from _schemas(
                scope, old[keyword], new[keyword], side, f"{path}[]" if keyword == "items" else path, seen
            )
    for keyword in _LISTS:
        lists = [each.get(keyword) for each in (old, new)]
        for before, after in zip(*lists, strict=False) if all(isinstance(each, list) for each in lists) else ():
            yield from _schemas(scope, before, after, side, path, seen)


def _property(scope: Scope, old: Any, new: Any, side: str) -> Iterator[ContractFinding]:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return
    if side == "request":
        yield from _extensible_enum(scope, old, new, "request-property")
    rules = REQUEST_PROPERTY if side == "request" else RESPONSE_PROPERTY
    yield from compare_deprecation(scope, old, new, rules)
    try:
        before, after = STABILITY_LEVELS.index(stability_of(old)), STABILITY_LEVELS.index(stability_of(new))
    except ValueError as flaw:
        yield scope.finding("api-invalid-stability-level", f"x-stability-level {flaw}")
        return
    if after < before and before >= STABILITY_LEVELS.index(scope.policy.stability_threshold):
        yield scope.finding(
            f"{side}-property-stability-decreased",
            f"the stability level went down from {STABILITY_LEVELS[before]} to {STABILITY_LEVELS[after]}",
        )


def _extensible_enum(scope: Scope, old: Any, new: Any, what: str) -> Iterator[ContractFinding]:
    """Zalando's enum that may grow in answers: what clients send of it must stay known."""
    before, after = (each.get("x-extensible-enum") if isinstance(each, Mapping) else None for each in (old, new))
    if not isinstance(before, list) or not isinstance(after, list):
        return
    for gone in [value for value in before if value not in after]:
        yield scope.finding(f"{what}-x-extensible-enum-value-removed", f"{gone!r} is no longer known")
