"""
A cluster in a dictionary, for what no real one does on demand; what it answers is what a real one was seen to answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from concordat.cluster.children import Children, ChildStore
from concordat.cluster.connection.failures import ApiError
from concordat.manifest import Kind, Manifest, Object
from concordat.manifest.conventions import FIELD_MANAGER
from concordat.resources import kinds

Place = tuple[str, str]
"""Kind and name; there is one namespace."""


class FakeCluster:
    """Objects by kind and name, the requests that were made, and errors to answer with."""

    def __init__(self) -> None:
        self.objects: dict[Place, Object] = {}
        self.requests: list[str] = []
        self.statuses: list[Mapping[str, Any]] = []
        self.failures: dict[str, Exception] = {}
        """By ``verb Kind``; answered as long as it stands here."""
        self._version = 100

    def put(
        self, kind: str, name: str, *, manager: str = "somebody", operation: str = "Apply", **metadata: Any
    ) -> Object:
        """An object, written by ``manager``."""
        self._version += 1
        before = self.objects.get((kind, name), {"metadata": {"uid": f"uid-{self._version}"}})["metadata"]
        fields: dict[str, Any] = {"f:metadata": {f"f:{key}": {} for key in metadata}}
        self.objects[kind, name] = {
            "metadata": {
                **before,
                **metadata,
                "name": name,
                "namespace": "shop",
                "resourceVersion": str(self._version),
                "managedFields": [{"manager": manager, "operation": operation, "fieldsV1": fields}],
            }
        }
        return self.objects[kind, name]

    def _ask(self, verb: str, kind: Kind) -> None:
        self.requests.append(f"{verb} {kind}")
        if failure := self.failures.get(f"{verb} {kind}"):
            raise failure

    async def create(self, kind: Kind, manifest: Manifest) -> Object:
        self._ask("create", kind)
        metadata = manifest["metadata"]
        if (kind.kind, metadata["name"]) in self.objects:
            raise ApiError(409, "already exists", reason="AlreadyExists")
        return self.put(kind.kind, manager=FIELD_MANAGER, operation="Update", **metadata)

    async def apply(self, kind: Kind, manifest: Manifest, *, force: bool) -> Object:
        self._ask("apply", kind)
        metadata = dict(manifest["metadata"])
        found = self.objects.get((kind.kind, metadata["name"]))
        stated = metadata.pop("resourceVersion", "")
        if found and stated not in ("", found["metadata"]["resourceVersion"]):
            raise ApiError(409, "the object has been modified", reason="Conflict")
        return self.put(kind.kind, manager=FIELD_MANAGER, **metadata)

    async def patch(self, kind: Kind, namespace: str, name: str, operations: Sequence[Mapping[str, Any]]) -> Object:
        self._ask("patch", kind)
        found = self.objects[kind.kind, name]
        for entry in found["metadata"]["managedFields"]:
            entry["operation"] = "Apply"
        return found

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> None:
        self._ask("delete", kind)
        del self.objects[kind.kind, name]

    async def read(self, kind: Kind, namespace: str, name: str) -> Object:
        self._ask("read", kind)
        return self.objects[kind.kind, name]

    async def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        self._ask("find", kind)
        return self.objects.get((kind.kind, name))

    async def patch_status(
        self, kind: Kind, namespace: str, name: str, status: Mapping[str, Any], *, uid: str
    ) -> Object:
        self._ask("status", kind)
        self.statuses.append(status)
        return self.objects[kind.kind, name]


def caches(changed: Callable[..., object] = lambda before, after: None) -> Children:
    """Empty, of every kind."""
    children = Children()
    for kind in kinds.ALL:
        children.add(ChildStore(kind, changed))
    return children
