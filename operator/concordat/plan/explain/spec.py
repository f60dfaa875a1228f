"""
The spec as JSON, and copies of it that differ in one place.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from concordat.api import Microservice, parse
from concordat.api.microservice import MicroserviceSpec
from concordat.api.schema.crd import structural
from concordat.errors import InvalidInput
from concordat.manifest import conventions
from concordat.manifest.difference import Path

SCHEMA = structural(MicroserviceSpec)
"""What may be written."""

POOL: dict[str, tuple[Any, ...]] = {
    "integer": (1, 2, 3, 7, 53, 299),
    "boolean": (True, False),
    "string": ("/x", "x", "300m", "300Mi", "UDP", "kubernetes.io/x", "istio", "250ms", "7d", "POST"),
    "array": (),
}
"""Values to try where nothing is stated, by type; what is not valid there is passed over."""


def stated_spec(service: Microservice) -> dict[str, Any]:
    """What the author wrote, and nothing they did not."""
    return service.spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)


def parsed(service: Microservice, spec: Mapping[str, Any]) -> Microservice | None:
    """The same service with another spec; None where nobody may write that."""
    manifest = {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.MICROSERVICE,
        "metadata": {"name": service.name, "namespace": service.namespace, "uid": service.uid},
        "spec": spec,
    }
    try:
        return parse(manifest)
    except InvalidInput:
        return None


def other_values_of(value: Any, stated: Mapping[str, Any]) -> tuple[Any, ...]:
    """Values near to ``value``: some of them are valid where it stands."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    if isinstance(value, float):
        return (round(value - 0.7, 3), round(value + 0.7, 3))
    larger = re.sub(r"^\d+", lambda number: str(int(number[0]) + 1), str(value))
    near = (f"x{value}", f"{value}x", f"{value}X", larger, "198.51.100.0/24", "TCP", "UDP", "7d", *stated["ports"])
    return tuple(candidate for candidate in dict.fromkeys(near) if candidate != value)


def replaced(value: Any, path: Path, new: Any) -> Any:
    """A copy with ``new`` at ``path``."""
    if not path:
        return new
    step, *rest = path
    if isinstance(step, int):
        return [replaced(item, tuple(rest), new) if i == step else item for i, item in enumerate(value)]
    return {**value, step: replaced(value.get(step, {}), tuple(rest), new)}


def removed(value: Any, path: Path) -> Any:
    """A copy without what is at ``path``."""
    step, *rest = path
    if isinstance(step, int):
        if not rest:
            return [item for i, item in enumerate(value) if i != step]
        return [removed(item, tuple(rest)) if i == step else item for i, item in enumerate(value)]
    if not rest:
        return {key: item for key, item in value.items() if key != step}
    return {**value, step: removed(value[step], tuple(rest))}


def port_renamed(value: Any, old: str, new: str) -> Any:
    """The spec with a port renamed wherever it is named."""
    if isinstance(value, list):
        return [port_renamed(item, old, new) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        (new if key == old and isinstance(item, dict) else key): new
        if key == "port" and item == old
        else port_renamed(item, old, new)
        for key, item in value.items()
    }


def parts(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of everything inside, containers before what they hold."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield (*path, step)
        yield from parts(item, (*path, step))


def left_out(value: Any, schema: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Paths of scalars and lists nobody stated, with their type. What holds only objects is looked into."""
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield from left_out(item, schema.get("items", {}), (*path, position))
        return
    if not isinstance(value, dict):
        return
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            yield from left_out(value[name], inner, (*path, name))
        elif inner.get("type") == "object":
            yield from left_out({}, inner, (*path, name))
        elif inner.get("type", "string") in POOL:
            yield (*path, name), inner.get("type", "string")
    if isinstance(schema.get("additionalProperties"), Mapping):
        for key, item in value.items():
            yield from left_out(item, schema["additionalProperties"], (*path, key))
