"""
What would happen to one Microservice: planned by the operator's own code, judged by the API server's dry run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from concordat.api import Microservice
from concordat.cli.cluster_access import APPLY, JSON_PATCH, Cluster, Forbidden
from concordat.cli.offline import World
from concordat.cluster.adoption import ensure_ours
from concordat.cluster.children import Child
from concordat.cluster.children import child as record
from concordat.cluster.outcomes import Owner
from concordat.cluster.ownership import ownership
from concordat.errors import Rejected, Stalled, Waiting
from concordat.manifest import ChildKey, Manifest, PlannedChild, conventions
from concordat.plan.consequences import ChildChange, Severity, consequences
from concordat.plan.service import Plan
from concordat.resources import kinds


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What would happen to one Microservice."""

    plan: Plan
    changes: tuple[ChildChange, ...]
    refusals: tuple[str, ...]
    """What the API server would not let through, and names that are taken."""
    paused: bool = False
    """Nothing happens as long as somebody says hands off."""

    @property
    def worst(self) -> Severity:
        """The worst that happens."""
        found = {consequence.severity for change in self.changes for consequence in change.consequences}
        return next((severity for severity in reversed(Severity) if severity in found), Severity.NOTHING)


def forecast(cluster: Cluster, world: World, service: Microservice) -> Forecast:
    """Nothing is written: every request is a read or a dry run."""
    planned = world.planned(service)
    if service.paused:
        return Forecast(plan=planned, changes=(), refusals=(), paused=True)
    before: list[PlannedChild] = []
    after: list[PlannedChild] = []
    refusals: list[str] = []
    strange: dict[str, ChildKey] = {}
    own = _owner(service)
    for child in sorted(planned.children if planned.complete else (), key=lambda child: child.kind.wave):
        folder = f"{child.kind.path}/namespaces/{service.namespace}/{child.kind.plural}"
        live = cluster.get(f"{folder}/{child.key.name}")
        found = record(child.kind, live) if live is not None else None
        if child.kind.points_at in strange:
            refusals.append(f"{child.key} would act on {strange[child.kind.points_at]}, which is not ours")
            before += (
                [PlannedChild(kind=child.kind, manifest=_comparable(live))] if live and _is_ours(found, own) else []
            )
            continue
        try:
            if found is not None:
                ensure_ours(found, own)
        except (Stalled, Waiting) as reason:
            refusals.append(reason.message)
            strange[child.kind.kind] = child.key
            continue
        if found is not None and found.paused:
            continue  # hands off: the operator leaves it as it is
        try:
            would_be = _would_be(cluster, folder, child, live)
        except Forbidden as lack:
            refusals.append(f"{child.key}: cannot be foretold, because you may not write it yourself: {lack}")
            continue
        except Rejected as refusal:
            refusals.append(f"{child.key}: {refusal.message}")
            continue
        after.append(PlannedChild(kind=child.kind, manifest=_comparable(would_be)))
        before += [PlannedChild(kind=child.kind, manifest=_comparable(live))] if live else []
    if planned.complete:
        before += _superfluous(cluster, service, {child.key for child in planned.children})
    return Forecast(plan=planned, changes=consequences(before, after), refusals=tuple(refusals))


def _owner(service: Microservice) -> Owner:
    """As its children name it. One that is not there yet has no uid, which no object's owner has."""
    return Owner(
        kind=conventions.MICROSERVICE, namespace=service.namespace, name=service.name, uid=service.uid or "none yet"
    )


def _is_ours(found: Child | None, own: Owner) -> bool:
    return found is not None and found.controller_uid == own.uid


def _would_be(cluster: Cluster, folder: str, child: PlannedChild, live: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """
    By dry run of the operator's own write: a POST, or an apply.

    Before its first apply the operator turns the ``managedFields`` of a POST-born child; a dry run cannot do two steps,
    so such a child is patched with what both come to.
    """
    if live is None:
        return cluster.dry_run("POST", folder, child.manifest)
    path = f"{folder}/{child.key.name}"
    if ownership(live["metadata"]).born_by_post:
        return cluster.dry_run("PATCH", path, _both_steps(child.manifest, live), JSON_PATCH)
    return cluster.dry_run("PATCH", path, _handed_over(child, live), APPLY)


def _both_steps(manifest: Manifest, live: Mapping[str, Any]) -> list[dict[str, Any]]:
    """JSON patch (RFC 6902) to the planned spec and labels; fields we owned and no longer state go."""
    spec, labels = manifest.get("spec", {}), live["metadata"].get("labels") or {}
    entry = live["metadata"]["managedFields"][ownership(live["metadata"]).index]
    owned = {name.removeprefix("f:") for name in entry["fieldsV1"].get("f:spec", {})}
    return [
        {"op": "add", "path": "/metadata/labels", "value": labels | manifest["metadata"]["labels"]},
        *({"op": "add", "path": f"/spec/{field}", "value": value} for field, value in spec.items()),
        *({"op": "remove", "path": f"/spec/{field}"} for field in sorted(owned - spec.keys()) if field in live["spec"]),
    ]


def _handed_over(child: PlannedChild, live: Mapping[str, Any]) -> Manifest:
    """With the live value of what the operator lets go of before it writes, e.g. replicas."""
    kept = {field: live["spec"][field] for _, field in child.relinquished}
    return {**child.manifest, "spec": child.manifest["spec"] | kept} if kept else child.manifest


def _superfluous(cluster: Cluster, service: Microservice, wanted: set[ChildKey]) -> Iterator[PlannedChild]:
    selector = f"{conventions.LABEL_MANAGED_BY}={conventions.MANAGED_BY}"
    for kind in kinds.OF_SERVICES:
        for item in cluster.items(kind.path, kind.plural, namespace=service.namespace, labelSelector=selector):
            child = PlannedChild(
                kind=kind, manifest=_comparable({**item, "kind": kind.kind, "apiVersion": kind.api_version})
            )
            if child.key not in wanted and service.uid in {
                owner["uid"] for owner in item["metadata"].get("ownerReferences") or []
            }:
                yield child


def _comparable(found: Mapping[str, Any]) -> Manifest:
    """An object without what the server keeps for itself."""
    metadata = {key: value for key, value in found["metadata"].items() if key in ("name", "namespace", "labels")}
    annotations = found["metadata"].get("annotations") or {}
    ours = {key: value for key, value in annotations.items() if key != conventions.ANNOTATION_HASH}
    rest = {key: value for key, value in found.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": {**metadata, **({"annotations": ours} if ours else {})}}
