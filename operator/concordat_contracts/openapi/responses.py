"""Responses: statuses with their ranges, headers, bodies."""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat_contracts.findings.scope import Scope
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.openapi.bodies import compare_received_content, compare_sent_content
from concordat_contracts.reading.media_types import essence
from concordat_contracts.schema import Direction, Surface

Responses = Mapping[str, Mapping[str, Any]]


def compare_responses(scope: Scope, old: Responses, new: Responses) -> Iterator[ContractFinding]:
    """What the provider answers must be something its clients were told of."""
    for status, before in old.items():
        place = scope.at(status)
        later = _answers(status, new)
        if not later and _is_success(status):
            yield place.finding("response-success-status-removed", f"{status} is no longer answered")
        for each in later:
            yield from _compare(scope.at(each), before, new[each])
    for status, after in new.items():
        wider = _range_of(status, old)
        if status not in old and wider and old[wider].get("content") and after.get("content"):
            shared = {essence(each) for each in old[wider]["content"]} & {essence(each) for each in after["content"]}
            if shared and status not in _answers(wider, new):
                yield from compare_received_content(
                    scope.at(status),
                    {media: each for media, each in old[wider]["content"].items() if essence(media) in shared},
                    {media: each for media, each in after["content"].items() if essence(media) in shared},
                )


def compare_own_responses(scope: Scope, old: Responses, new: Responses) -> Iterator[ContractFinding]:
    """What a client answers to a callback or webhook must still be understood."""
    for status, before in old.items():
        later = next((each for each in (status, status[:1] + "XX", "default") if each in new), None)
        if later is None:
            if _is_success(status):
                yield scope.at(status).finding(
                    "response-success-status-removed", f"the answer {status} is no longer taken"
                )
            continue
        yield from compare_sent_content(scope.at(status), before.get("content") or {}, new[later].get("content") or {})


def compare_received_headers(scope: Scope, old: Any, new: Any) -> Iterator[ContractFinding]:
    """Headers a client reads."""
    later = {str(name).lower(): each for name, each in (new or {}).items()}
    for name, node in (old or {}).items():
        if str(name).lower() == "content-type":
            continue
        before = scope.resolve_old(node)
        place = scope.at(f"header {name}")
        if str(name).lower() not in later:
            required = before.get("required") is True
            rule = "required-response-header-removed" if required else "optional-response-header-removed"
            yield place.finding(rule, f"the header {name} is gone")
            continue
        yield from _header(place, before, scope.resolve_new(later[str(name).lower()]))


def _compare(scope: Scope, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ContractFinding]:
    yield from compare_received_headers(scope, old.get("headers"), new.get("headers"))
    yield from compare_received_content(scope, old.get("content") or {}, new.get("content") or {})


def _header(scope: Scope, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ContractFinding]:
    if old.get("required") is True and new.get("required") is not True:
        yield scope.finding("response-header-became-optional", "the header may now be missing")
    if bool(old.get("content")) != bool(new.get("content")):
        yield scope.finding("response-header-content-changed", "the header moved between schema and content")
        return
    if old.get("content") and new.get("content"):
        yield from compare_received_content(scope, old["content"], new["content"])
        return
    if old.get("explode", False) != new.get("explode", False) and _is_compound(
        scope.resolve_old(old.get("schema", {}))
    ):
        yield scope.finding("response-header-style-changed", "the header is written with another explode")
    yield from scope.schemas(old.get("schema", {}), new.get("schema", {}), Direction.RESPONSE, Surface.RESPONSE_HEADER)


def _answers(status: str, new: Responses) -> list[str]:
    """The statuses of ``new`` that a client waiting for ``status`` may get instead."""
    if status in new:
        return [status]
    if status.endswith("XX"):
        return [each for each in new if each[:1] == status[:1]]
    if status[:1] + "XX" in new:
        return [status[:1] + "XX"]
    return []


def _range_of(status: str, old: Responses) -> str | None:
    """The range or default of ``old`` that announced a status not named there."""
    for wider in (status[:1] + "XX", "default"):
        if wider in old and status != wider:
            return wider
    return None


def _is_success(status: str) -> bool:
    return status[:1] == "2"


def _is_compound(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") in ("array", "object")
