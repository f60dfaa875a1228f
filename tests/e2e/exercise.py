"""
Everything the operator ever does, once: so that what it did not use, it does not need.

    fresh      built from nothing: create, watch, list, status; loses a child: its Microservice is read again
    taken      its children exist already, made by a person who lets us take them over: get, patch
    leftovers  children of ``fresh`` under names an earlier version gave them: delete
"""

import json
from collections.abc import Iterator
from typing import Any

from concordat import conventions
from concordat.manifest import Manifest
from concordat.resources import kinds
from tests.e2e.stage import Stage, eventually

KINDS = ",".join(f"{kind.plural}.{kind.group}" if kind.group else kind.plural for kind in kinds.ALL)
OURS = f"--selector={conventions.LABEL_MANAGED_BY}={conventions.MANAGED_BY}"


def exercise(stage: Stage, namespace: str, *, image: str) -> None:
    """Leaves two services in ``namespace``, each with a child of every kind."""
    stage.apply(_service("fresh", namespace, image))
    fresh = eventually(lambda: _settled(stage, namespace, "fresh"), seconds=60, because="fresh is reconciled")
    children = eventually(lambda: _complete(stage, namespace, "fresh"))

    stage.apply(*_by_hand(children, "taken"))
    stage.apply(_service("taken", namespace, image))
    eventually(lambda: _settled(stage, namespace, "taken"), seconds=60, because="taken is reconciled")

    (account,) = [child for child in children if child["kind"] == kinds.SERVICE_ACCOUNT.kind]
    stage.kubectl("delete", "serviceaccount", "fresh", f"--namespace={namespace}")
    eventually(lambda: _named(stage, account), because="a deleted child comes back")

    leftovers = list(_copies(children, "fresh-before", owner=fresh))
    stage.apply(*leftovers)
    eventually(lambda: not any(_named(stage, leftover) for leftover in leftovers), because="leftovers are pruned")


def children_of(stage: Stage, namespace: str, name: str) -> list[Manifest]:
    """What the Microservice ``name`` controls."""
    return [
        child
        for child in stage.find(KINDS, namespace, OURS)
        if [name] == [o["name"] for o in child["metadata"].get("ownerReferences", ()) if o.get("controller")]
    ]


def _complete(stage: Stage, namespace: str, name: str) -> list[Manifest]:
    children = children_of(stage, namespace, name)
    return children if len(children) == len(kinds.ALL) else []


def _settled(stage: Stage, namespace: str, name: str) -> Manifest | None:
    found = stage.get("microservice", namespace, name)
    conditions = {c["type"]: c["status"] for c in (found or {}).get("status", {}).get("conditions", ())}
    return found if conditions.get(conventions.RECONCILED) == "True" else None


def _named(stage: Stage, manifest: Manifest) -> Manifest | None:
    kind = next(kind for kind in kinds.ALL if kind.kind == manifest["kind"])
    metadata = manifest["metadata"]
    return stage.get(f"{kind.plural}.{kind.group}".rstrip("."), metadata["namespace"], metadata["name"])


def _service(name: str, namespace: str, image: str) -> Manifest:
    """With a child of every kind."""
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.MICROSERVICE,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "team": "platform",
            "tier": "besteffort",
            "image": image,
            "ports": {"http": {"port": 8080}, "metrics": {"port": 9090}},
            "scaling": {"min": 1, "max": 2},
            "routing": {"hosts": [f"{name}.example.com"]},
        },
    }


def _by_hand(children: list[Manifest], name: str) -> Iterator[Manifest]:
    """The same objects as a person might have made them: without our labels, another image, and given away."""
    for copy in _copies(children, name):
        del copy["metadata"]["labels"]
        copy["metadata"]["annotations"] = {conventions.ANNOTATION_ADOPT: "true"}
        if copy["kind"] == kinds.DEPLOYMENT.kind:
            copy["spec"]["replicas"] = 0
            copy["spec"]["template"]["spec"]["containers"][0]["image"] = "localhost/another:11"
        yield copy


def _copies(children: list[Manifest], name: str, *, owner: Manifest | None = None) -> Iterator[Manifest]:
    for child in children:
        copy = _renamed(child, name)
        copy.pop("status", None)
        copy["metadata"] = {key: copy["metadata"][key] for key in ("namespace", "labels")} | {"name": name}
        if owner:
            copy["metadata"]["ownerReferences"] = child["metadata"]["ownerReferences"]
        if copy["kind"] == kinds.SERVICE.kind:
            for assigned in ("clusterIP", "clusterIPs"):
                del copy["spec"][assigned]
        yield copy


def _renamed(child: Manifest, name: str) -> dict[str, Any]:
    """The name of a service is also in its selectors, targets and hosts."""
    copy: dict[str, Any] = json.loads(json.dumps(child).replace(child["metadata"]["name"], name))
    return copy
