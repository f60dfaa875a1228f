"""
Generated Microservices in a real cluster: what is admitted converges, what is refused says which field.
"""

import re
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from concordat.api import Microservice
from concordat.cli.offline import World
from concordat.manifest import conventions
from concordat.plan.service import Plan
from concordat.resources import kinds
from concordat.world.microservice_record import MICROSERVICE
from tests.api.server import Server
from tests.api.strategies import Json, damaged, manifests
from tests.engine.rig import microservice

IN_FLIGHT = 8
PATIENCE = 60.0
"""Seconds in which at least one more must converge: how long all of them take, says only how busy the machine is."""

_FIELD = re.compile(r"\b(spec|metadata)[.\[][\w.\[\]-]+")
_LONG = "x" * 200
_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}

AT_THE_LIMITS: tuple[Json, ...] = (
    *(microservice("a" * length, "") for length in (1, 51, 52, 62, 63, 64, 65, 252, 253, 254)),
    *(microservice(name, "") for name in ("1", "1st", "a.b", "1.2", "a-b.c-d", ".".join(["b" * 63] * 3))),
    *(microservice(name, "") for name in ("", "ä", "A", "-a", "a-", "a_b", "a..b", "店")),
    microservice(
        "unicode", "", args=["ünï", "店", "\N{GRINNING FACE}", "\u202e"], env=[{"name": "X", "value": "店\n\t"}]
    ),
    microservice("many-ports", "", ports={f"p{number}": {"port": 2000 + number} for number in range(16)}),
    microservice("long-host", "", routing={"hosts": [".".join(["a" * 62] * 4)]}),
    microservice("longer-host", "", routing={"hosts": [".".join(["a" * 63] * 5)]}),
    microservice("long-path", "", routing={"hosts": ["long-path.example.com"], "paths": [f"/{_LONG}"]}),
)
"""Names as long and as odd as Kubernetes lets them be, and a little beyond; text of every script."""


def generated(count: int) -> list[Json]:
    """The same ones each time: those at the limits, then any; about half of the rest has one thing wrong."""
    found = list(AT_THE_LIMITS)

    @settings(
        max_examples=count - len(found),
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(manifests(), damaged()))
    def collect(manifest: Json) -> None:
        found.append(manifest)

    collect()
    return found[:count]


@dataclass(kw_only=True)
class Outcome:
    """What became of them."""

    admitted: int = 0
    refused: int = 0
    reported: Counter[str] = field(default_factory=Counter)
    """Admitted, with an error in the status because of what only the cluster knows, by reason: a host of another one."""
    wrong: list[str] = field(default_factory=list)


def tried(server: Server, resources: Sequence[Json]) -> Outcome:
    """All of them in the cluster of ``server``, in which an operator is at work."""
    with _namespaces(server, resources) as placed, ThreadPoolExecutor(IN_FLIGHT) as pool:
        answers = list(pool.map(lambda resource: _created(server, resource), placed))
        refusals = [(resource, said) for resource, said in zip(placed, answers, strict=True) if said is not None]
        outcome = Outcome(admitted=len(placed) - len(refusals), refused=len(refusals))
        outcome.wrong += [
            f"refused {resource['metadata']['name']!r} without a field: {said}"
            for resource, said in refusals
            if not _FIELD.search(said)
        ]
        namespaces = {resource["metadata"]["namespace"] for resource in placed}
        _judge(outcome, server, _converged(server, namespaces, outcome.admitted), namespaces)
    return outcome


@contextmanager
def _namespaces(server: Server, resources: Iterable[Json]) -> Iterator[list[Json]]:
    """Each where its name is still free; Pod Security is enforced."""
    prefix = f"generated-{uuid.uuid4().hex[:6]}"
    seen: dict[str, int] = {}
    placed = []
    for resource in resources:
        name = resource["metadata"]["name"]
        seen[name] = seen.get(name, -1) + 1
        placed.append({**resource, "metadata": {"name": name, "namespace": f"{prefix}-{seen[name]}"}})
    names = sorted({resource["metadata"]["namespace"] for resource in placed})
    for name in names:
        answer = server.http.post("/api/v1/namespaces", json={"metadata": {"name": name, "labels": _RESTRICTED}})
        answer.raise_for_status()
    try:
        yield placed
    finally:
        for name in names:
            server.http.delete(f"/api/v1/namespaces/{name}")


def _created(server: Server, resource: Json) -> str | None:
    """What the API server says against it; None if it is there."""
    namespace = resource["metadata"]["namespace"]
    answer = server.http.post(
        f"{MICROSERVICE.path}/namespaces/{namespace}/{MICROSERVICE.plural}",
        params={"fieldValidation": "Strict"},
        json=resource,
    )
    if answer.status_code >= 500:
        answer.raise_for_status()
    return None if answer.is_success else str(answer.json()["message"])


def _converged(server: Server, namespaces: set[str], count: int) -> list[Json]:
    """Every one that is there, once all are reported, or none has been for :data:`PATIENCE`."""
    most, since = -1, time.monotonic()
    while True:
        found = [
            item for item in _items(server, MICROSERVICE.path, MICROSERVICE.plural) if _namespace(item) in namespaces
        ]
        settled = sum(_reason(item)[0] in ("True", "False") and _reason(item)[1] != "Progressing" for item in found)
        if settled == count:
            return found
        if settled > most:
            most, since = settled, time.monotonic()
        elif time.monotonic() - since > PATIENCE:
            return found
        time.sleep(1)


def _judge(outcome: Outcome, server: Server, found: list[Json], namespaces: set[str]) -> None:
    children = {
        (_namespace(item), kind.kind, item["metadata"]["name"])
        for kind in kinds.ALL
        for item in _items(server, kind.path, kind.plural)
    }
    installed = {kind.kind for kind in kinds.ALL if kind.optional and _serves(server, kind.path, kind.plural)}
    world = World(found, installed=installed)
    services = {service.reference: service for service in world.services}
    outcome.wrong += [f"{outcome.admitted - len(found)} are gone"] if len(found) != outcome.admitted else []
    outcome.wrong += [
        f"{_reference(item)} has no pods: {condition['message']}"
        for item in _items(server, kinds.DEPLOYMENT.path, kinds.DEPLOYMENT.plural)
        for condition in item.get("status", {}).get("conditions", ())
        if _namespace(item) in namespaces and condition["type"] == "ReplicaFailure"
    ]
    for item in found:
        service = services.get(_reference(item))
        if service is None:
            outcome.wrong.append(f"{_reference(item)} is admitted and not understood")
            continue
        planned = world.planned(service)
        outcome.reported.update({found.reason for found in (*planned.violations, *planned.notices) if found.is_error})
        outcome.wrong += _faults(item, service, planned, children)


def _faults(item: Json, service: Microservice, planned: Plan, children: set[tuple[str, str, str]]) -> Iterator[str]:
    errors = [found for found in (*planned.violations, *planned.notices) if found.is_error]
    expected = ("False", errors[0].reason) if errors else ("True", conventions.REASON_RECONCILED)
    status, reason, message = _reason(item)
    if (status, reason) != expected:
        yield f"{service.reference}: Reconciled is {status} ({reason}: {message}), not {expected}"
    if errors and not _FIELD.search(message):
        yield f"{service.reference} is reported without a field: {message}"
    for child in planned.children:
        if (service.namespace, child.key.kind, child.key.name) not in children:
            yield f"{service.reference} has no {child.key}"


def _reason(item: Mapping[str, Any]) -> tuple[str, str, str]:
    """Status, reason and message of ``Reconciled``, if it speaks of the current generation."""
    status = item.get("status") or {}
    if status.get("observedGeneration") != item["metadata"]["generation"]:
        return "", "", "not reported"
    found = next(each for each in status["conditions"] if each["type"] == conventions.RECONCILED)
    return found["status"], found["reason"], found.get("message", "")


def _items(server: Server, path: str, plural: str) -> list[Json]:
    answer = server.http.get(f"{path}/{plural}")
    if answer.status_code == 404:  # an optional kind
        return []
    answer.raise_for_status()
    items: list[Json] = answer.json()["items"]
    return items


def _serves(server: Server, path: str, plural: str) -> bool:
    return server.http.get(f"{path}/{plural}", params={"limit": 1}).is_success


def _namespace(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["namespace"])


def _reference(item: Mapping[str, Any]) -> str:
    return f"{_namespace(item)}/{item['metadata']['name']}"
