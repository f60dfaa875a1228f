"""
Which fields of an object are ours: drift is a question of ownership, not of values.

The API server records in ``metadata.managedFields`` who set which field. The digest of our own entry moves exactly when
somebody takes or removes a field we own, and stays for status, scaling, foreign labels and additions. It holds no
values, so neither defaulting nor normalising nor an admission webhook can make a false difference.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from concordat.manifest.conventions import BEFORE_FIRST_APPLY, FIELD_MANAGER

Operation = dict[str, Any]
"""One operation of a JSON patch (RFC 6902)."""

APPLIED = "Apply"
UPDATED = "Update"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ownership:
    """What ``managedFields`` says of us."""

    fingerprint: str
    """16 hex digits, of all but ``spec.replicas``, which an autoscaler may take; empty when we own nothing."""
    index: int = -1
    """Position of our entry; -1 when there is none."""
    operation: str = ""
    """``Apply``, or ``Update`` while the object is as a POST left it."""
    owns_replicas: bool = False

    @property
    def born_by_post(self) -> bool:
        """An apply would not remove what it no longer states: the entry must become ``Apply`` first."""
        return self.operation == UPDATED


NOTHING = Ownership(fingerprint="")


def ownership(metadata: Mapping[str, Any]) -> Ownership:
    """Our entry. An ``Apply`` entry counts before an ``Update`` one; entries of subresources never do."""
    found = NOTHING
    for index, entry in _ours(metadata):
        operation, fields = str(entry.get("operation") or ""), _map(entry.get("fieldsV1"))
        if found.index >= 0 and operation != APPLIED:
            continue
        owns_replicas = "f:replicas" in _map(fields.get("f:spec"))
        found = Ownership(
            fingerprint=fingerprint(_without_replicas(fields) if owns_replicas else fields),
            index=index,
            operation=operation,
            owns_replicas=owns_replicas,
        )
    return found


def fingerprint(fields: Mapping[str, Any]) -> str:
    """Digest of a ``fieldsV1``; of one nested more deeply than anything we write, always the same."""
    try:
        written = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        written = b"nested too deeply"
    return hashlib.blake2b(written, digest_size=8).hexdigest()


def turn_into_apply(owned: Ownership) -> list[Operation]:
    """
    JSON patch that makes the entry of a POST one of an apply.

    Without it, fields that a later apply no longer states would stay for ever.
    """
    entry = f"/metadata/managedFields/{owned.index}"
    return [
        {"op": "test", "path": f"{entry}/manager", "value": FIELD_MANAGER},
        {"op": "test", "path": f"{entry}/operation", "value": UPDATED},
        {"op": "replace", "path": f"{entry}/operation", "value": APPLIED},
    ]


def drop_before_first_apply(metadata: Mapping[str, Any]) -> list[Operation]:
    """
    JSON patch that removes the owner the API server invents when an object without ``managedFields`` is applied.

    That owner would keep every field alive that we drop later. Empty when there is no such entry.
    """
    for index, entry in enumerate(metadata.get("managedFields") or ()):
        if entry.get("manager") == BEFORE_FIRST_APPLY:
            path = f"/metadata/managedFields/{index}"
            return [
                {"op": "test", "path": f"{path}/manager", "value": BEFORE_FIRST_APPLY},
                {"op": "remove", "path": path},
            ]
    return []


def relinquish(owned: Ownership, path: Sequence[str]) -> list[Operation]:
    """
    JSON patch that takes ``path`` out of our entry, so that an apply without it leaves the value alone.

    Refused when the entry has moved or does not hold it.
    """
    entry = f"/metadata/managedFields/{owned.index}"
    return [
        {"op": "test", "path": f"{entry}/manager", "value": FIELD_MANAGER},
        {"op": "test", "path": f"{entry}/operation", "value": owned.operation},
        {"op": "remove", "path": f"{entry}/fieldsV1/{'/'.join(f'f:{part}' for part in path)}"},
    ]


def _ours(metadata: Mapping[str, Any]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for index, entry in enumerate(metadata.get("managedFields") or ()):
        if _map(entry).get("manager") == FIELD_MANAGER and not entry.get("subresource"):
            yield index, entry


def _without_replicas(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**fields, "f:spec": {name: inside for name, inside in fields["f:spec"].items() if name != "f:replicas"}}


def _map(value: Any) -> Mapping[str, Any]:
    """Whoever may write an object may write its ``managedFields``: what is no map says nothing."""
    return value if isinstance(value, dict) else {}
