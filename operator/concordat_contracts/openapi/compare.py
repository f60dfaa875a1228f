"""Two OpenAPI documents, operation by operation."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from concordat_contracts.findings.scope import Comparison, Scope
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.openapi.annotations import compare_annotations
from concordat_contracts.openapi.bodies import compare_received_content, compare_sent_body
from concordat_contracts.openapi.lifecycle import (
    OPERATION,
    compare_deprecation,
    compare_stability,
    may_change_freely,
    removal_rule,
    stability_of,
)
from concordat_contracts.openapi.model import Api, Operation
from concordat_contracts.openapi.parameters import compare_parameters
from concordat_contracts.openapi.responses import compare_own_responses, compare_received_headers, compare_responses
from concordat_contracts.openapi.security import compare_security
from concordat_contracts.openapi.servers import compare_servers
from concordat_contracts.reading.json_values import same

Setting = list[Mapping[str, Any]]


def compare_openapi(comparison: Comparison, old: Api, new: Api) -> Iterator[ContractFinding]:
    """Everything of ``new`` that somebody who relies on ``old`` would notice."""
    for key, operation in old.operations.items():
        scope = comparison.scope(operation.location, operation.names)
        if may_change_freely(operation.raw, comparison.policy):
            continue
        later = new.operations.get(key)
        if later is None:
            yield from _removed(scope, operation, path_is_gone=operation.shape not in new.shapes)
        elif not _is_unchanged(comparison, operation, later):
            yield from _operation(scope, operation, later)
    for name, webhook in old.webhooks.items():
        scope = comparison.scope(webhook.location, webhook.names)
        if may_change_freely(webhook.raw, comparison.policy):
            continue
        if name not in new.webhooks:
            yield scope.finding("webhook-removed", f"the provider no longer calls the webhook {webhook.path}")
        else:
            yield from _call(scope, webhook, new.webhooks[name])
    yield from _common(comparison, old, new)


def _is_unchanged(comparison: Comparison, old: Operation, new: Operation) -> bool:
    """Whether both say the same, word for word, and so does all they refer to."""
    part = (("paths", old.path), ("paths", new.path))
    return (
        same(old.raw, new.raw)
        and same(old.item.get("parameters"), new.item.get("parameters"))
        and old.path_variables == new.path_variables
        and comparison.old.of_part.get(part[0], frozenset()) <= comparison.unchanged
        and comparison.new.of_part.get(part[1], frozenset()) <= comparison.unchanged
    )


def _removed(scope: Scope, operation: Operation, *, path_is_gone: bool) -> Iterator[ContractFinding]:
    kind = "api-path" if path_is_gone else "api"
    rule, message = removal_rule(
        scope,
        operation.raw,
        without=f"{kind}-removed-without-deprecation",
        before=f"{kind}-removed-before-sunset",
        parse="api-path-sunset-parse",
        with_deprecation=f"{kind}-removed-with-deprecation",
    )
    yield scope.finding(rule, message)


def _operation(scope: Scope, old: Operation, new: Operation) -> Iterator[ContractFinding]:
    yield from compare_stability(scope, old, new)
    yield from compare_deprecation(scope, old.raw, new.raw, OPERATION, stability=_stability(new))
    yield from compare_parameters(scope, old, new)
    yield from compare_sent_body(scope, old.body, new.body)
    yield from compare_responses(scope, old.responses, new.responses)
    yield from compare_annotations(scope, old, new)
    for name, expressions in old.callbacks.items():
        place = scope.at(f"callback {name}")
        later = new.callbacks.get(name) or _renamed(expressions, old, new)
        if not later:
            yield place.finding("callback-removed", f"the provider no longer calls back for {name}")
            continue
        yield from _callback(place, expressions, later)


def _renamed(expressions: Mapping[str, Operation], old: Operation, new: Operation) -> Mapping[str, Operation] | None:
    """The callback that calls the same addresses; its name is never on the wire."""
    others = (each for name, each in new.callbacks.items() if name not in old.callbacks)
    return next((each for each in others if each.keys() >= expressions.keys()), None)


def _callback(scope: Scope, old: Mapping[str, Operation], new: Mapping[str, Operation]) -> Iterator[ContractFinding]:
    for expression, operation in old.items():
        later = new.get(expression)
        if later is None:
            yield scope.finding(
                "callback-removed", f"the provider no longer calls {operation.method.upper()} {operation.path}"
            )
        else:
            yield from _call(scope.at(operation.method.upper()), operation, later)


def _call(scope: Scope, old: Operation, new: Operation) -> Iterator[ContractFinding]:
    """A call made by the provider: its request is what the client receives, its response what the client sends."""
    yield from compare_received_headers(scope, _as_headers(old), _as_headers(new))
    if old.body is not None:
        body = new.body or {}
        yield from compare_received_content(scope.at("body"), old.body.get("content") or {}, body.get("content") or {})
    yield from compare_own_responses(scope, old.responses, new.responses)


def _as_headers(operation: Operation) -> dict[str, Any]:
    """The parameters of a call, as its receiver reads them."""
    return {
        f"{parameter.name}" if parameter.place == "header" else f"{parameter.name} ({parameter.place})": {
            **parameter.raw,
            "required": parameter.required,
        }
        for parameter in operation.parameters.values()
    }


def _stability(operation: Operation) -> str:
    try:
        return stability_of(operation.raw)
    except ValueError:
        return "stable"


def _common(comparison: Comparison, old: Api, new: Api) -> Iterator[ContractFinding]:
    """Security and servers: operations that share both sides' settings are compared, and spoken of, once."""
    pairs = [
        (operation, new.operations[key])
        for key, operation in old.operations.items()
        if key in new.operations and not may_change_freely(operation.raw, comparison.policy)
    ]
    yield from _by_setting(
        comparison, pairs, old.security_of, new.security_of, lambda scope, a, b: compare_security(scope, a, b, old, new)
    )
    yield from _by_setting(comparison, pairs, old.servers_of, new.servers_of, compare_servers)


def _by_setting(
    comparison: Comparison,
    pairs: list[tuple[Operation, Operation]],
    old_of: Callable[[Operation], Setting],
    new_of: Callable[[Operation], Setting],
    compare: Callable[[Scope, Setting, Setting], Iterator[ContractFinding]],
) -> Iterator[ContractFinding]:
    groups: dict[str, tuple[Setting, Setting, list[Operation]]] = {}
    for old, new in pairs:
        before, after = old_of(old), new_of(new)
        groups.setdefault(repr((before, after)), (before, after, []))[2].append(old)
    for before, after, operations in groups.values():
        first = operations[0].location
        location = first if len(operations) == 1 else f"{first} and {len(operations) - 1} more"
        names = frozenset().union(*(each.names for each in operations))
        yield from compare(comparison.scope(location, names), before, after)
