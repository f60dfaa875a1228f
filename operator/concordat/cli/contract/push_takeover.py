"""
Making a document ours that stands where somebody else put it.

An apply changes what others set, if it is forced, and never removes it: a document that moves out of the resource into ConfigMaps
would stand in both, and be refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Operation = dict[str, Any]
"""One operation of a JSON patch (RFC 6902)."""


def moves(found: Mapping[str, Any], contract: Mapping[str, Any]) -> bool:
    """Whether the document is to stand elsewhere from now on."""
    return bool(found["spec"]["document"].keys() - contract["spec"]["document"].keys())


def as_it_is(found: Mapping[str, Any], contract: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What is there, said by us, with what else we ``said`` before: applied, it changes nothing and makes the document ours as well."""
    there = {name: found["spec"][name] for name in ("type", "version", "document")}
    metadata = {name: contract["metadata"][name] for name in ("name", "namespace")}
    return {**contract, "metadata": {**metadata, **said["metadata"]}, "spec": {**said["spec"], **there}}


def ours_alone(stored: Mapping[str, Any], *, manager: str) -> list[Operation]:
    """JSON patch that takes ``spec.document`` from every other owner; empty where there is none. Refused when an owner has moved."""
    return [operation for operations in _given_up(stored, manager) for operation in operations]


def _given_up(stored: Mapping[str, Any], manager: str) -> Iterator[list[Operation]]:
    for index, entry in enumerate(stored["metadata"].get("managedFields") or ()):
        ours = entry["manager"] == manager and entry["operation"] == "Apply"
        if ours or "f:document" not in entry.get("fieldsV1", {}).get("f:spec", {}):
            continue
        path = f"/metadata/managedFields/{index}"
        yield [
            {"op": "test", "path": f"{path}/manager", "value": entry["manager"]},
            {"op": "remove", "path": f"{path}/fieldsV1/f:spec/f:document"},
        ]
