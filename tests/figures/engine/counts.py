"""
Requests, from the audit log: creating, changing, idling, starting again.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.engine.cluster import Kubectl, started
from tests.engine.conftest import Story, operating
from tests.engine.rig import OperatorProcess, routed, wait_for
from tests.figures.engine.figure import exactly

IDLE_SECONDS = 600
STAMP_EVERY = 5
SERVICES = 20
RESTARTED_WITH = 200


def create_and_change_requests() -> Iterator[dict[str, Any]]:
    """Requests beyond the N children created, and beyond the k changed."""
    with started() as cluster:
        Kubectl(cluster)("create", "namespace", "counts")
        created, changed = asyncio.run(_create_and_change(cluster))
    yield exactly("create_extra_requests", created["extra"], 1, "requests", **created)
    yield exactly("change_extra_requests", changed["extra"], 1, "requests", **changed)


async def _create_and_change(cluster: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    names = [f"service-{n}" for n in range(SERVICES)]
    async with operating(cluster, "counts") as story:
        await story.apply(*(routed(name, "counts") for name in names))
        await story.settled(*names, seconds=120)
        requests = story.requests()
        children = sum(r.code == 201 for r in requests)
        created = {"children": children, "requests": len(requests), "extra": (len(requests) - children) / SERVICES}

        story.forget_requests()
        image = "registry.example.com/shop/orders:1.5.0"
        health = {"live": "/alive", "ready": "/readyz"}
        await story.apply(*(routed(name, "counts") | {"spec": _changed(name, image, health)} for name in names))
        await story.settled(*names, seconds=120)
        return created, _counted_change(story)


def _changed(name: str, image: str, health: dict[str, str]) -> dict[str, Any]:
    spec = routed(name, "counts")["spec"]
    routing = {"hosts": spec["routing"]["hosts"], "paths": ["/orders"]}
    return {**spec, "image": image, "health": health, "routing": routing, "scaling": {"min": 3, "max": 9}}


def _counted_change(story: Story) -> dict[str, Any]:
    """The patch that turns an entry comes right before the apply of the same child: the first of two in a row."""
    requests = [r for r in story.requests() if r.is_write]
    to_children = Counter((r.resource, r.name) for r in requests if r.resource != "microservices")
    once = sum(count - 1 for count in to_children.values())
    reads = len(story.requests()) - len(requests)
    extra = (len(requests) + reads - len(to_children) - once) / SERVICES
    return {
        "children": len(to_children),
        "requests": len(requests),
        "once_in_its_life": once,
        "reads": reads,
        "extra": extra,
    }


def idle_writes() -> dict[str, Any]:
    """Writes in ten minutes with autoscalers at work and a second writer that stamps labels on every child."""
    with started(simulated_nodes=1) as cluster:
        kubectl = Kubectl(cluster)
        kubectl("create", "namespace", "idle")
        with OperatorProcess(cluster.kubeconfig, Path(cluster.kubeconfig).with_name("operator.log")) as operator:
            operator.wait_until_working()
            kubectl.apply(*(routed(f"service-{n}", "idle") for n in range(SERVICES)))
            _wait_until_reported(operator, SERVICES)
            time.sleep(45)  # rollouts end, autoscalers find their first size
            mark, begun, stamps = cluster.audit_log.mark(), time.monotonic(), 0
            while time.monotonic() - begun < IDLE_SECONDS:
                stamps += 1
                kinds = "deployments,services,networkpolicies,hpa,pdb,serviceaccounts"
                kubectl("label", kinds, "--all", "--overwrite", f"stamped=at-{stamps}", "--namespace", "idle")
                time.sleep(STAMP_EVERY)
            requests = cluster.audit_log.since(mark)
        ours = [r for r in requests if r.user_agent.startswith("concordat/") and r.is_write]
        others = sum(r.is_write and not r.user_agent.startswith("concordat/") for r in requests)
    return exactly("idle_writes", len(ours), 0, "writes", seconds=IDLE_SECONDS, stamps=stamps, writes_of_others=others)


def restart_writes() -> dict[str, Any]:
    """Writes, and reads of single objects, of an operator that starts again with 200 Microservices."""
    with started() as cluster:
        kubectl = Kubectl(cluster)
        kubectl("create", "namespace", "restart")
        log = Path(cluster.kubeconfig).with_name("operator.log")
        with OperatorProcess(cluster.kubeconfig, log) as operator:
            operator.wait_until_working()
            kubectl.apply(*(routed(f"service-{n}", "restart") for n in range(RESTARTED_WITH)))
            _wait_until_reported(operator, RESTARTED_WITH)
            time.sleep(20)
            operator.stop()
        mark, begun = cluster.audit_log.mark(), time.monotonic()
        with OperatorProcess(cluster.kubeconfig, log) as operator:
            operator.wait_until_working()
            done = 'controller_runtime_reconcile_total{controller="microservice",result="success"}'
            wait_for(lambda: operator.metrics().get(done, 0) >= RESTARTED_WITH, seconds=120, what=operator.said)
            seconds = time.monotonic() - begun
            time.sleep(5)
            requests = [r for r in cluster.audit_log.since(mark) if r.user_agent.startswith("concordat/")]
    writes = sum(r.is_write for r in requests)
    verbs = json.dumps(Counter(r.verb for r in requests))
    return exactly(
        "restart_writes", writes, 0, "writes", microservices=RESTARTED_WITH, seconds=round(seconds, 2), requests=verbs
    )


def _wait_until_reported(operator: OperatorProcess, count: int) -> None:
    def reported() -> bool:
        metrics = operator.metrics()
        known = sum(v for k, v in metrics.items() if k.startswith("concordat_microservices{") and "Unknown" not in k)
        return known == count and not metrics['workqueue_depth{name="microservice"}']

    wait_for(reported, seconds=300, every=0.5, what=operator.said)
