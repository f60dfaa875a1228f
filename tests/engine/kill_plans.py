"""
The operator dies at each of its writes, is started again, and must come to the very state an undisturbed one comes to.
"""

import copy
import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from concordat.manifest import conventions
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine import killable
from tests.engine.cluster import Kubectl
from tests.engine.rig import microservice, routed, wait_for

KINDS = "serviceaccounts,services,networkpolicies,deployments,hpa,pdb,httproutes,servicemonitors,prometheusrules,grafanadashboards,alertmanagerconfigs"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One crash."""

    workload: Literal["create", "update"]
    write: int
    """The n-th, from 1."""
    when: killable.When

    def __str__(self) -> str:
        return f"{self.workload}, killed {self.when} write {self.write}"


def before(name: str, namespace: str) -> dict[str, Any]:
    return routed(name, namespace)


def after(name: str, namespace: str) -> dict[str, Any]:
    """Changes every child there is, and drops one."""
    return microservice(
        name,
        namespace,
        team="platform",
        image="registry.example.com/shop/orders:2.0.0",
        ports={"grpc": {"port": 7000}, "metrics": {"port": 9091}},
        scaling={"min": 3, "max": 9},
        egress=[{"cidr": "10.1.0.0/16", "port": 5432}],
    )


class Runner:
    """Runs plans in a namespace of its own, each on a Microservice of its own."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._cluster = cluster
        self._kubectl = Kubectl(cluster)
        self._namespace = f"kill-{uuid.uuid4().hex[:6]}"
        self._kubectl("create", "namespace", self._namespace)
        self._count = 0
        self._references: dict[str, Any] = {}

    def every_plan(self) -> Iterator[Plan]:
        """Each write of a create and of an update, before and after it."""
        for workload in ("create", "update"):
            for write in range(1, self.writes(workload) + 1):
                for when in ("before", "after"):
                    yield Plan(workload=workload, write=write, when=when)  # type: ignore[arg-type]

    def writes(self, workload: str) -> int:
        """How many writes it takes undisturbed."""
        name = self._prepared(workload)
        mark = self._cluster.audit_log.mark()
        self._references[workload] = self._run_until_settled(name)
        requests = self._cluster.audit_log.since(mark)
        return sum(r.is_write and r.user_agent.startswith("concordat/") and r.name == name for r in requests)

    def differences(self, plan: Plan) -> str:
        """What differs from the undisturbed state, in words; nothing when nothing does."""
        if plan.workload not in self._references:
            self.writes(plan.workload)
        name = self._prepared(plan.workload)
        victim = killable.start(self._cluster.kubeconfig, self._namespace, kill_at=plan.write, when=plan.when)
        victim.join(30)
        if victim.exitcode != -9:
            victim.kill()
            victim.join()
            return f"{plan}: it was never killed, so nothing was tested"
        found = self._run_until_settled(name)
        expected = self._references[plan.workload]
        if found == expected:
            return ""
        return f"{plan}: {json.dumps(_difference(expected, found), indent=1)[:2000]}"

    def _prepared(self, workload: str) -> str:
        self._count += 1
        name = f"{workload}-{self._count:03}"
        self._kubectl.apply(before(name, self._namespace))
        if workload == "update":
            self._run_until_settled(name)
            self._kubectl("replace", "-f", "-", stdin=after(name, self._namespace))
        return name

    def _run_until_settled(self, name: str) -> Any:
        process = killable.start(self._cluster.kubeconfig, self._namespace)
        try:
            wait_for(lambda: self._is_settled(name), seconds=30, every=0.2, what=lambda: str(self._parent(name)))
            return self._state(name)
        finally:
            process.kill()
            process.join()

    def _parent(self, name: str) -> Any:
        return self._kubectl.get("microservice", name, "--namespace", self._namespace)

    def _is_settled(self, name: str) -> bool:
        parent = self._parent(name)
        status = parent.get("status", {})
        reconciled = [c for c in status.get("conditions", ()) if c["type"] == conventions.RECONCILED]
        return (
            status.get("observedGeneration") == parent["metadata"]["generation"]
            and [c["status"] for c in reconciled] == ["True"]
            and reconciled[0]["observedGeneration"] == parent["metadata"]["generation"]
        )

    def _state(self, name: str) -> dict[str, Any]:
        selector = f"{conventions.LABEL_SERVICE}={name}"
        listed = self._kubectl.get(KINDS, "--selector", selector, "--namespace", self._namespace)["items"]
        return {
            **{item["kind"]: normal(item, name) for item in listed},
            "Microservice": normal(self._parent(name), name),
            "count": len(listed),
        }


def normal(item: dict[str, Any], name: str) -> Any:
    """An object without what differs between any two runs, and with a name that is the same in all."""
    found = copy.deepcopy(item)
    for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink"):
        found["metadata"].pop(field, None)
    annotations = found["metadata"].get("annotations") or {}
    for annotation in (conventions.ANNOTATION_HASH, "deployment.kubernetes.io/revision"):
        annotations.pop(annotation, None)
    for owner in found["metadata"].get("ownerReferences", ()):
        owner["uid"] = "..."
    spec = found.get("spec", {})
    for field in ("clusterIP", "clusterIPs"):
        spec.pop(field, None)
    if found["kind"] == "Deployment":
        spec.pop("replicas", None)  # the autoscaler's
    status = found.pop("status", {})
    if found["kind"] == conventions.MICROSERVICE:
        for condition in status["conditions"]:
            condition.pop("lastTransitionTime")
        for child in status["children"]:
            child.pop("fingerprint")
        found["status"] = status
    return json.loads(_DASHBOARD.sub("concordat-UID", json.dumps(found).replace(name, "NAME")))


_DASHBOARD = re.compile("concordat-[0-9a-f]{24}")
"""A dashboard's uid is a hash of the names it is about."""


def _difference(expected: Any, found: Any) -> Any:
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = expected.keys() | found.keys()
        return {k: _difference(expected.get(k), found.get(k)) for k in sorted(keys) if expected.get(k) != found.get(k)}
    return {"expected": expected, "found": found}


def failures(
    runner: Runner, plans: Iterable[Plan], progress: Callable[[Plan], object] = lambda plan: None
) -> list[str]:
    """What went wrong, a line a plan."""
    found = []
    for plan in plans:
        progress(plan)
        try:
            difference = runner.differences(plan)
        except AssertionError as error:
            difference = f"{plan}: {error}"
        if difference:
            found.append(difference)
    return found
