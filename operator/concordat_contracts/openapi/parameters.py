"""Parameters a client sends: in path, query, header and cookie."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from concordat_contracts.findings.scope import Scope
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.openapi.lifecycle import PARAMETER, compare_deprecation, removal_rule
from concordat_contracts.openapi.model import Name, Operation, Parameter
from concordat_contracts.reading.media_types import essence
from concordat_contracts.schema import Direction, Surface

_STYLE = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_SCALARS = ("string", "integer", "number", "boolean", "null")
_DEEPEST = 8
_ABSENT = object()
_NO_STAND_IN = "is new and required; a default does not stand in for it"


def compare_parameters(scope: Scope, old: Operation, new: Operation) -> Iterator[ContractFinding]:
    """Old requests must still be understood, and mean the same."""
    renamed = dict(zip(old.path_variables, new.path_variables, strict=False))
    matched: set[Name] = set()
    for key, parameter in old.parameters.items():
        target = ("path", renamed.get(parameter.name, parameter.name)) if parameter.place == "path" else key
        later = new.parameters.get(target)
        place = scope.at(_label(parameter))
        if later is None:
            if not (parameter.place == "path" and target[1] in new.path_variables):
                yield from _removed(place, parameter)
            continue
        matched.add(target)
        yield from _compare(place, parameter, later)
    shared = {id(scope.resolve_new(each)) for each in new.item.get("parameters") or ()}
    for key, parameter in new.parameters.items():
        if key not in matched:
            yield from _added(scope.at(_label(parameter)), parameter, is_shared=id(parameter.raw) in shared)


def _label(parameter: Parameter) -> str:
    return f"{parameter.place} parameter {parameter.name}"


def _removed(scope: Scope, parameter: Parameter) -> Iterator[ContractFinding]:
    rule, message = removal_rule(
        scope,
        parameter.raw,
        without="request-parameter-removed",
        before="request-parameter-removed-before-sunset",
        parse="request-parameter-sunset-parse",
        with_deprecation="request-parameter-removed-with-deprecation",
    )
    yield scope.finding(rule, message)


def _added(scope: Scope, parameter: Parameter, *, is_shared: bool) -> Iterator[ContractFinding]:
    if parameter.place == "path":
        yield scope.finding("new-request-path-parameter", "is new in the path")
    elif parameter.required and is_shared:
        yield scope.finding(
            "new-required-request-default-parameter-to-existing-path",
            "is new and required in all operations of the path",
        )
    elif parameter.required:
        text = "is new and required" if _default(scope, parameter, later=True) is _ABSENT else _NO_STAND_IN
        yield scope.finding("new-required-request-parameter", text)


def _compare(scope: Scope, old: Parameter, new: Parameter) -> Iterator[ContractFinding]:
    if new.required and not old.required:
        yield scope.finding("request-parameter-became-required", "became required")
    yield from compare_deprecation(scope, old.raw, new.raw, PARAMETER)
    yield from _defaults(scope, old, new)
    old_content, new_content = old.raw.get("content"), new.raw.get("content")
    if bool(old_content) != bool(new_content):
        yield scope.finding(
            "request-parameter-content-changed", "moved between schema and content, and is written differently"
        )
        return
    if old_content and new_content:
        yield from _contents(scope, old_content, new_content)
        return
    yield from _wire_format(scope, old, new)
    surface = Surface.REQUEST_HEADER if old.place == "header" else Surface.PARAMETER
    yield from scope.schemas(old.raw.get("schema", {}), new.raw.get("schema", {}), Direction.REQUEST, surface)


def _contents(scope: Scope, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ContractFinding]:
    (old_type, old_media), (new_type, new_media) = next(iter(old.items())), next(iter(new.items()))
    if essence(old_type) != essence(new_type):
        yield scope.finding("request-parameter-content-changed", f"is written as {new_type} instead of {old_type}")
        return
    yield from scope.schemas(
        (old_media or {}).get("schema", {}),
        (new_media or {}).get("schema", {}),
        Direction.REQUEST,
        Surface.PARAMETER,
        textual=False,
    )


def _wire_format(scope: Scope, old: Parameter, new: Parameter) -> Iterator[ContractFinding]:
    for flag, rule in (
        ("allowReserved", "request-parameter-allow-reserved-removed"),
        ("allowEmptyValue", "request-parameter-allow-empty-removed"),
    ):
        if old.raw.get(flag) is True and new.raw.get(flag) is not True:
            yield scope.finding(rule, f"no longer has {flag}")
    before, after = _style(old), _style(new)
    if before == after:
        return
    if _is_single_value(scope, old, new) and (old.place not in ("path",) or before[0] == after[0]):
        return
    yield scope.finding(
        "request-parameter-style-changed",
        f"is written with style {after[0]}, explode {str(after[1]).lower()} instead of {before[0]}, {str(before[1]).lower()}",
    )


def _style(parameter: Parameter) -> tuple[str, bool]:
    style = str(parameter.raw.get("style", _STYLE[parameter.place]))
    explode = parameter.raw.get("explode")
    return style, explode if isinstance(explode, bool) else style == "form"


def _is_single_value(scope: Scope, old: Parameter, new: Parameter) -> bool:
    """Whether neither side is a list or an object: these look the same in most styles."""
    return _is_scalar(scope.resolve_old, old.raw.get("schema", {})) and _is_scalar(
        scope.resolve_new, new.raw.get("schema", {})
    )


def _is_scalar(resolve: Callable[[Any], Any], node: Any, depth: int = 0) -> bool:
    schema = resolve(node)
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return False
    kind = schema.get("type")
    if kind is not None:
        return all(each in _SCALARS for each in (kind if isinstance(kind, list) else [kind]))
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(values, list):
        return not any(isinstance(each, list | Mapping) for each in values)
    for keyword, enough in (("allOf", any), ("anyOf", all), ("oneOf", all)):
        parts = schema.get(keyword)
        if isinstance(parts, list) and parts and enough([_is_scalar(resolve, each, depth + 1) for each in parts]):
            return True
    return False


def _defaults(scope: Scope, old: Parameter, new: Parameter) -> Iterator[ContractFinding]:
    """A client that leaves an optional parameter out relies on what that means."""
    if old.required or new.required:
        return
    before, after = _default(scope, old), _default(scope, new, later=True)
    if before is _ABSENT and after is _ABSENT:
        return
    if before is _ABSENT:
        yield scope.finding("request-parameter-default-value-added", f"leaving it out now means {after!r}")
    elif after is _ABSENT:
        yield scope.finding("request-parameter-default-value-removed", f"leaving it out no longer means {before!r}")
    elif before != after or isinstance(before, bool) is not isinstance(after, bool):
        yield scope.finding(
            "request-parameter-default-value-changed", f"leaving it out means {after!r} instead of {before!r}"
        )


def _default(scope: Scope, parameter: Parameter, *, later: bool = False) -> Any:
    schema = (scope.resolve_new if later else scope.resolve_old)(parameter.raw.get("schema", {}))
    return schema.get("default", _ABSENT) if isinstance(schema, Mapping) else _ABSENT
