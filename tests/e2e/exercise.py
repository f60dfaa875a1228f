"""
Everything the operator ever does, once: so that what it did not use, it does not need.

    fresh      built from nothing: create, watch, list, status; loses a child: its Microservice is read again
    taken      its children exist already, made by a person who lets us take them over: get, patch
    leftovers  children of ``fresh`` under names an earlier version gave them: delete

Twice, because rules and dashboards come in two forms. Then a contract: a version comes into force, and one that breaks somebody is let
through by a broken glass, which is told in an Event. And one that has its service tried: its Jobs are made, taken over, and given up.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from concordat.manifest import Kind, Manifest, conventions
from concordat.observability.dashboards.service import service_uid
from concordat.resources import kinds
from concordat_lab.programs import binaries
from tests.e2e.stage import Stage, eventually

FORMS = (kinds.PROMETHEUS_RULE, kinds.GRAFANA_DASHBOARD)
"""Kinds that come as ConfigMaps where they are not served."""
RESOURCES = tuple(kind for kind in kinds.OF_SERVICES if kind is not kinds.CONFIG_MAP)
FILES = tuple(kind for kind in kinds.OF_SERVICES if kind not in FORMS)
SUFFIXES = {kinds.PROMETHEUS_RULE: "-rules", kinds.GRAFANA_DASHBOARD: "-dashboard"}

TRIALS = (kinds.NETWORK_POLICY, kinds.CRON_JOB, kinds.JOB)
"""What a contract becomes that has its service tried."""


def listed(of: Iterable[Kind]) -> str:
    return ",".join(f"{kind.plural}.{kind.group}".rstrip(".") for kind in of)


KINDS = listed(kinds.OF_SERVICES)
OURS = f"--selector={conventions.LABEL_MANAGED_BY}={conventions.MANAGED_BY}"


def name_of(kind: Kind, service: str) -> str:
    """What the child of that kind is called."""
    return f"{service}{SUFFIXES.get(kind, '')}"


def exercise(stage: Stage, namespace: str, *, image: str) -> None:
    """Leaves four services in ``namespace``; first rules and dashboards come as ConfigMaps, then as resources."""
    definitions = binaries.locate(("prometheus-operator.yaml", "grafana-operator.yaml"))
    names = [f"{kind.plural}.{kind.group}" for kind in FORMS]
    stage.kubectl("delete", "crd", "--ignore-not-found", *names)
    _exercise(stage, namespace, FILES, image=image, prefix="file-")
    for file in definitions.values():
        stage.kubectl("apply", "--server-side", "--force-conflicts", f"--filename={file}")
    stage.kubectl("wait", "--for=condition=Established", "--timeout=120s", "crd", *names)
    _exercise(stage, namespace, RESOURCES, image=image, prefix="")
    _publish(stage, namespace)
    _try(stage, namespace, image=image)


def _publish(stage: Stage, namespace: str) -> None:
    for version, operation in (("1.0.0", "getOrder"), ("1.1.0", "getBill")):
        stage.apply(_contract(namespace, version, operation))
        eventually(
            lambda version=version: _in_force(stage, namespace, version), seconds=180, because=f"{version} holds"
        )


def _try(stage: Stage, namespace: str, *, image: str) -> None:
    """The Job's name follows from what is tried, so that the contract made anew meets the one a person kept."""
    tried = _contract(namespace, "1.0.0", "getOrder", name="tried-api")
    asked = tried | {"spec": tried["spec"] | {"conformance": {"schedule": "0 3 * * *"}}}
    provider = _service("tried", namespace, image)
    provider["spec"] |= {"scaling": {"min": 1, "max": 1}, "provides": ["tried-api"]}
    stage.apply(provider, asked)
    children = eventually(lambda: _trials(stage, namespace), seconds=180, because="the service is tried")

    stage.kubectl("delete", "servicecontract", "tried-api", f"--namespace={namespace}")
    eventually(lambda: not _of_contract(stage, namespace), seconds=180, because="what was built goes with its contract")
    stage.apply(*map(_kept, children))
    stage.apply(asked)
    eventually(lambda: _trials(stage, namespace), seconds=180, because="what a person kept is taken over")

    stage.apply(tried)
    eventually(lambda: not _of_contract(stage, namespace), seconds=180, because="nobody asks any more")


def _trials(stage: Stage, namespace: str) -> list[Manifest]:
    """Of every kind, once the contract owns them."""
    found = _of_contract(stage, namespace)
    return found if {child["kind"] for child in found} == {kind.kind for kind in TRIALS} else []


def _of_contract(stage: Stage, namespace: str) -> list[Manifest]:
    return [
        child
        for child in stage.find(listed(TRIALS), namespace, f"--selector={conventions.LABEL_CONTRACT}=tried-api")
        if child["metadata"].get("ownerReferences")
    ]


def _kept(child: Manifest) -> Manifest:
    """As a person might have kept it: nobody's, without what the Job controller added, and given away."""
    text = json.dumps({key: child[key] for key in ("apiVersion", "kind", "spec")})
    copy: Manifest = json.loads(text)
    if copy["kind"] == kinds.JOB.kind:
        del copy["spec"]["selector"]
        labels = copy["spec"]["template"]["metadata"]["labels"]
        added = [key for key in labels if key.rpartition("/")[2] in ("controller-uid", "job-name")]
        for key in added:
            del labels[key]
    names = {key: child["metadata"][key] for key in ("name", "namespace")}
    return copy | {"metadata": names | {"annotations": {conventions.ANNOTATION_ADOPT: "true"}}}


def _in_force(stage: Stage, namespace: str, version: str) -> bool:
    found = stage.get("servicecontract", namespace, "orders-api") or {}
    return bool(found.get("status", {}).get("version") == version)


def _contract(namespace: str, version: str, operation: str, *, name: str = "orders-api") -> Manifest:
    path = f"/{operation}"
    document = {
        "openapi": "3.1.0",
        "info": {"title": "orders", "version": version},
        "paths": {path: {"get": {"operationId": operation, "responses": {"200": {"description": "one"}}}}},
    }
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": {conventions.ANNOTATION_BREAK_GLASS: "everybody was told"},
        },
        "spec": {"type": "openapi", "version": version, "document": {"inline": json.dumps(document)}},
    }


def _exercise(stage: Stage, namespace: str, expected: Sequence[Kind], *, image: str, prefix: str) -> None:
    first, second = f"{prefix}fresh", f"{prefix}taken"
    stage.apply(_service(first, namespace, image))
    fresh = eventually(lambda: _settled(stage, namespace, first), seconds=180, because=f"{first} is reconciled")
    children = eventually(lambda: _complete(stage, namespace, first, expected), seconds=180)

    stage.apply(*_by_hand(children, first, second))
    stage.apply(_service(second, namespace, image))
    eventually(lambda: _settled(stage, namespace, second), seconds=180, because=f"{second} is reconciled")

    (account,) = [child for child in children if child["kind"] == kinds.SERVICE_ACCOUNT.kind]
    stage.kubectl("delete", "serviceaccount", first, f"--namespace={namespace}")
    eventually(lambda: _named(stage, account), because="a deleted child comes back")

    leftovers = list(_copies(children, first, f"{first}-before", owner=fresh))
    stage.apply(*leftovers)
    eventually(lambda: not any(_named(stage, leftover) for leftover in leftovers), because="leftovers are pruned")


def children_of(stage: Stage, namespace: str, name: str, of: Iterable[Kind] = kinds.OF_SERVICES) -> list[Manifest]:
    """What the Microservice ``name`` controls."""
    return [
        child
        for child in stage.find(listed(of), namespace, OURS)
        if [name] == [o["name"] for o in child["metadata"].get("ownerReferences", ()) if o.get("controller")]
    ]


def _complete(stage: Stage, namespace: str, name: str, expected: Sequence[Kind]) -> list[Manifest]:
    children = children_of(stage, namespace, name, expected)
    return children if {child["kind"] for child in children} == {kind.kind for kind in expected} else []


def _settled(stage: Stage, namespace: str, name: str) -> Manifest | None:
    found = stage.get("microservice", namespace, name)
    conditions = {c["type"]: c["status"] for c in (found or {}).get("status", {}).get("conditions", ())}
    return found if conditions.get(conventions.RECONCILED) == "True" else None


def _named(stage: Stage, manifest: Manifest) -> Manifest | None:
    kind = next(kind for kind in kinds.OF_SERVICES if kind.kind == manifest["kind"])
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


def _by_hand(children: list[Manifest], service: str, name: str) -> Iterator[Manifest]:
    """The same objects as a person might have made them: without our labels, another image, and given away."""
    for copy in _copies(children, service, name):
        del copy["metadata"]["labels"]
        copy["metadata"]["annotations"] = {conventions.ANNOTATION_ADOPT: "true"}
        if copy["kind"] == kinds.DEPLOYMENT.kind:
            copy["spec"]["replicas"] = 0
            copy["spec"]["template"]["spec"]["containers"][0]["image"] = "localhost/another:11"
        yield copy


def _copies(children: list[Manifest], service: str, name: str, *, owner: Manifest | None = None) -> Iterator[Manifest]:
    for child in children:
        copy = _renamed(child, service, name)
        copy.pop("status", None)
        copy["metadata"] = {key: copy["metadata"][key] for key in ("namespace", "labels", "name")}
        if owner:
            copy["metadata"]["ownerReferences"] = child["metadata"]["ownerReferences"]
        if copy["kind"] == kinds.GRAFANA_DASHBOARD.kind:
            copy["spec"]["uid"] = service_uid(copy["metadata"]["namespace"], name)  # it can never be changed
        if copy["kind"] == kinds.SERVICE.kind:
            for assigned in ("clusterIP", "clusterIPs"):
                del copy["spec"][assigned]
        yield copy


def _renamed(child: Manifest, service: str, name: str) -> dict[str, Any]:
    """The name of a service is also in its selectors, targets, queries and hosts."""
    copy: dict[str, Any] = json.loads(json.dumps(child).replace(service, name))
    return copy
