"""
One hostile tenant beside a quiet one, on a real API server with the operator as a process.

    with world() as here:
        outcome = here.tries(CASES[0])
        assert not outcome.harm

What a case must not do is the same for every case: the quiet tenant's objects stay as they are, its next change takes effect in time, no
``InternalError`` anywhere, no restart, no lost Lease, no event loop that stands still, no more memory than the chart gives. A case adds
what concerns it alone (:attr:`tests.safety.cases.Case.holds`).
"""

import json
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from concordat.handlers.webhook import PATH
from concordat.manifest import conventions
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.cluster import Kubectl, started
from tests.engine.rig import OperatorProcess, free_port, microservice, routed, wait_for

if TYPE_CHECKING:
    from tests.safety.cases import Case

QUIET = "quiet"
OPERATOR = "operator"
WEBHOOK = "concordat"
MOST_STALL_MS = 250
MOST_MIB = 400
"""Of the operator and the processes it started; the chart's limit is 512 MiB."""
SLOWEST_CHANGE = 5.0
"""Seconds until a change of the quiet tenant is in its Deployment; alone it takes a fraction of one."""
_STALL = re.compile(r"stood still for ([\d.]+) s, computing for ([\d.]+) s")
_KINDS = (
    "microservice,servicecontract,deployment,service,serviceaccount,networkpolicy,configmap,horizontalpodautoscaler,"
    "poddisruptionbudget,httproute,servicemonitor,prometheusrule"
)
_ASKED = "asked"
"""Label of the namespaces whose objects the API server asks the webhook about; elsewhere the reconciler is the first to see them."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one case."""

    case: str
    harm: tuple[str, ...]
    """What happened that must not, in words; empty when all is well."""
    stall_ms: int
    """The longest time the event loop was held by computing; below :data:`MOST_STALL_MS` the upper bound of a bucket."""
    late_ms: int
    """The longest time the event loop was late for whatever reason, so also for want of a core."""
    peak_mib: int
    """Resident memory of the operator and its children together, at most."""
    delay_seconds: float
    """How long the quiet tenant's change took."""


class Evil:
    """The hostile tenant's own namespaces, and what it can do from there."""

    def __init__(self, world: "World", namespace: str) -> None:
        self.world = world
        self.namespace = namespace
        """Here the webhook is not asked: everything reaches the reconciler."""
        self.asked = f"{namespace}-asked"
        """Here it is."""
        self.said = ""
        """What the API server answered to the last objects, refusals included."""

    @property
    def kubectl(self) -> Kubectl:
        return self.world.kubectl

    def apply(self, *objects: Mapping[str, Any]) -> str:
        """Have them stored, as many as the API server takes; what it said."""
        self.said = self._applied(objects)
        return self.said

    def ask(self, *objects: Mapping[str, Any]) -> str:
        """A server-side dry run: the webhook judges them, nothing is stored."""
        return self._applied(objects, "--dry-run=server")

    def review(self, kind: str, name: str, spec: Mapping[str, Any], *, namespace: str | None = None) -> dict[str, Any]:
        """Ask the webhook's port directly, without any credential, as every pod could; its answer or ``{"error": ...}``."""
        made = {
            "apiVersion": conventions.API_VERSION,
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace or self.asked},
            "spec": spec,
        }
        request = {
            "uid": "1",
            "kind": {"kind": kind},
            "namespace": namespace or self.asked,
            "name": name,
            "operation": "CREATE",
            "userInfo": {"username": "nobody"},
            "object": made,
        }
        return self.post(json.dumps({"request": request}).encode())

    def post(self, body: bytes) -> dict[str, Any]:
        """The webhook's answer to any bytes; ``{"error": ...}`` where it gives none."""
        url = f"https://127.0.0.1:{self.world.webhook_port}{PATH}"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        try:
            with urllib.request.urlopen(request, context=anybody, timeout=10) as response:
                found: dict[str, Any] = json.load(response)
        except (OSError, ValueError) as error:
            return {"error": repr(error)}
        return found.get("response", found)  # type: ignore[no-any-return]

    def status(self, kind: str, name: str) -> dict[str, Any]:
        """Of one of its objects; empty while there is none."""
        found: dict[str, Any] = self.kubectl.get(kind, name, "--namespace", self.namespace).get("status") or {}
        return found

    def condition(self, kind: str, name: str, what: str) -> dict[str, Any]:
        """One of its conditions; empty while there is none."""
        return next((one for one in self.status(kind, name).get("conditions", ()) if one["type"] == what), {})

    def _applied(self, objects: Sequence[Mapping[str, Any]], *flags: str) -> str:
        cluster = self.world.cluster
        done = subprocess.run(
            [
                *(cluster.binaries["kubectl"], f"--kubeconfig={cluster.kubeconfig}"),
                *("apply", "--server-side", "--force-conflicts", "-f", "-", *flags),
            ],
            input=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr


@dataclass(kw_only=True)
class World:
    """The cluster, the operator, and the quiet tenant."""

    cluster: ControlPlane
    operator: OperatorProcess
    webhook_port: int
    kubectl: Kubectl
    before: Mapping[str, Any] = field(default_factory=dict)
    """The quiet tenant's objects."""
    alone_seconds: float = 0.0
    """How long a change of the quiet tenant takes while nobody else is there."""
    _tried: int = 0

    def tries(self, case: "Case") -> Outcome:
        """Try one case; the hostile namespaces are gone afterwards."""
        self._tried += 1
        evil = Evil(self, f"evil-{self._tried}")
        self.kubectl("create", "namespace", evil.namespace)
        self.kubectl("create", "namespace", evil.asked)
        self.kubectl("label", "namespace", evil.asked, f"{_ASKED}=true")
        log, lag = self.operator.log.stat().st_size, self._lag()
        harm: list[str] = []
        with _Memory(self.operator.pid) as memory:
            try:
                case.act(evil)
                delay = self._change(harm)
                time.sleep(case.lasts)
                harm += case.holds(evil)
            except Exception as error:  # a case that cannot be tried proves nothing
                harm.append(f"the case could not be tried: {error!r}")
                delay = float("inf")
            harm += self._harmed()
        late, stall = self._stalls(log, lag)
        if stall > MOST_STALL_MS:
            harm.append(f"the event loop was held for {stall} ms")
        if memory.peak > MOST_MIB:
            harm.append(f"the operator and its processes took {memory.peak} MiB")
        self._clear(evil)
        self._revive()
        return Outcome(
            case=case.name,
            harm=tuple(harm),
            stall_ms=stall,
            late_ms=late,
            peak_mib=memory.peak,
            delay_seconds=round(delay, 2),
        )

    # --- the quiet tenant -----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Build the quiet tenant, and remember what it looks like."""
        self.kubectl.apply(*_quiet_tenant("0"))
        wait_for(self._all_ready, seconds=90, every=0.5, what=self.operator.said)
        self.alone_seconds = sorted(self._change([]) for _ in range(3))[1]
        wait_for(self._all_ready, seconds=90, every=0.5, what=self.operator.said)
        self.before = self._quiet()

    def _all_ready(self) -> bool:
        found = self.kubectl.get("microservices,servicecontracts", "--namespace", QUIET)["items"]
        return len(found) == 3 and all(_ready(item) for item in found)

    def _change(self, harm: list[str]) -> float:
        """An edit of the quiet tenant: seconds until its Deployment has it."""
        token = f"{time.monotonic_ns()}"
        began = time.monotonic()
        self.kubectl.apply(*_quiet_tenant(token))

        def done() -> bool:
            found = self.kubectl.get("deployment", "reader", "--namespace", QUIET)
            return token in json.dumps(found["spec"]["template"])

        try:
            wait_for(done, seconds=90, what=self.operator.said)
        except AssertionError:
            harm.append("a change of the quiet tenant did not take effect within 90 s")
        seconds = time.monotonic() - began
        if seconds > SLOWEST_CHANGE:
            harm.append(f"a change of the quiet tenant took {seconds:.1f} s to take effect")
        return seconds

    def _quiet(self) -> dict[str, Any]:
        listed = self.kubectl.get(_KINDS, "--namespace", QUIET)["items"]
        return {f"{item['kind']}/{item['metadata']['name']}": _essence(item) for item in listed}

    def _harmed(self) -> Iterator[str]:
        with suppress(AssertionError):  # its change has to be rolled out; if that fails, the comparison says so
            wait_for(self._all_ready, seconds=60, every=0.5)
        after = self._quiet()
        for name in sorted(self.before.keys() | after.keys()):
            if self.before.get(name) != after.get(name):
                yield f"{name} of the quiet tenant is not as it was: {_difference(self.before.get(name), after.get(name))}"
        everything = self.kubectl.get("microservices,servicecontracts", "--all-namespaces")["items"]
        for item in everything:
            for condition in (item.get("status") or {}).get("conditions", ()):
                if condition["reason"] == conventions.REASON_INTERNAL_ERROR:
                    metadata = item["metadata"]
                    yield f"InternalError in {item['kind']} {metadata['namespace']}/{metadata['name']}: {condition['message']}"
        if self.operator.poll() is not None:
            yield f"the operator ended with {self.operator.poll()}: {self.operator.said()[-600:]}"
        elif not self.operator.leads():
            yield "the operator does not lead any more"

    # --- what is measured -----------------------------------------------------------------------------------------------

    def _lag(self) -> dict[str, float]:
        """Samples of the lag's histogram, by upper bound."""
        found = self.operator.metrics().items()
        name = "concordat_event_loop_lag_seconds_bucket"
        return {key.partition('le="')[2].partition('"')[0]: value for key, value in found if key.startswith(name)}

    def _stalls(self, log: int, before: Mapping[str, float]) -> tuple[int, int]:
        """Late at all, and late by computing: milliseconds, at most."""
        with self.operator.log.open("rb") as file:
            file.seek(log)
            logged = _STALL.findall(file.read().decode(errors="replace"))
        after = self._lag()
        within = {float(bound): after[bound] - before.get(bound, 0) for bound in after if bound != "+Inf"}
        # Samples above the limit are in the log, with the time they computed; of all others the bucket is an upper bound.
        fine = within.get(MOST_STALL_MS / 1000, 0)
        bound = round(min((bound for bound, count in within.items() if count >= fine), default=0.0) * 1000)
        late = max([bound, *(round(float(seconds) * 1000) for seconds, _ in logged)])
        stall = max([bound, *(round(float(computing) * 1000) for _, computing in logged)])
        return late, stall

    def _revive(self) -> None:
        """A case that ended the operator must not be taken for the harm of the next one."""
        if self.operator.poll() is not None or not self.operator.leads():
            self.operator.kill()
            self.operator = _operator(self.cluster, self.webhook_port)
            self.operator.wait_until_working()

    def _clear(self, evil: Evil) -> None:
        for namespace in (evil.namespace, evil.asked):
            with suppress(AssertionError):
                self.kubectl("delete", "namespace", namespace, "--timeout=60s")


class _Memory:
    """The greatest sum of the resident memory of a process and its children, looked at 20 times a second."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "_Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self.peak = max(self.peak, round(sum(map(_resident, (self._pid, *_children(self._pid))))))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def _resident(pid: int) -> float:
    """MiB; without what is shared with other processes, which would count twice."""
    try:
        size, shared = (int(pages) for pages in Path(f"/proc/{pid}/statm").read_text().split()[1:3])
    except (OSError, ValueError):
        return 0.0
    return (size - shared) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _ready(item: Mapping[str, Any]) -> bool:
    conditions = (item.get("status") or {}).get("conditions", ())
    return any((one["type"], one["status"]) == (conventions.READY, "True") for one in conditions)


def _essence(item: Mapping[str, Any]) -> dict[str, Any]:
    """Who it is, what it says, and how it is; not when it was looked at last, nor the change we make ourselves."""
    metadata = item["metadata"]
    conditions = (item.get("status") or {}).get("conditions", ())
    ours = item["kind"] in (conventions.MICROSERVICE, conventions.SERVICE_CONTRACT)
    text = json.dumps(
        {
            "uid": metadata["uid"],
            "labels": metadata.get("labels"),
            "owners": metadata.get("ownerReferences"),
            "annotations": sorted(metadata.get("annotations") or {}),
            "content": {key: item[key] for key in ("spec", "data", "binaryData") if key in item},
            "conditions": [[one["type"], one["status"], one["reason"]] for one in conditions] if ours else [],
            "version": (item.get("status") or {}).get("version") if ours else None,
        }
    )
    found: dict[str, Any] = json.loads(re.sub(r'("name": "CHANGE", "value": )"\d+"', r'\1"changed"', text))
    return found


def _difference(before: Any, after: Any) -> str:
    if before is None or after is None:
        return "it is new" if before is None else "it is gone"
    return ", ".join(
        f"{key} was {json.dumps(before[key])[:300]}, is {json.dumps(after[key])[:300]}"
        for key in before
        if before[key] != after[key]
    )


def _quiet_tenant(change: str) -> list[dict[str, Any]]:
    """A service with a contract, an autoscaler and a host, and its consumer, which is what is edited."""
    document = {
        "openapi": "3.1.0",
        "info": {"title": "ledger", "version": "1.0.0"},
        "paths": {
            "/entries": {
                "get": {
                    "operationId": "listEntries",
                    "responses": {
                        "200": {
                            "description": "all",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "type": "object",
                                        "required": ["entries"],
                                        "properties": {"entries": {"type": "array", "items": {"type": "integer"}}},
                                    }
                                }
                            },
                        }
                    },
                }
            }
        },
    }
    contract = {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": "ledger-api", "namespace": QUIET},
        "spec": {"type": "openapi", "version": "1.0.0", "document": {"inline": json.dumps(document)}},
    }
    uses = [{"operation": "listEntries", "reads": ["entries"]}]
    return [
        contract,
        routed("ledger", QUIET, provides=["ledger-api"], scaling={"min": 2, "max": 4}),
        microservice(
            "reader",
            QUIET,
            consumes=[{"contract": "ledger-api", "uses": uses}],
            env=[{"name": "CHANGE", "value": change}],
        ),
    ]


def _webhook(port: int) -> dict[str, Any]:
    """As the chart's, by address, for the quiet tenant and what is labelled so."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": WEBHOOK},
        "webhooks": [
            {
                "name": "admission.concordat.dev",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Ignore",
                "timeoutSeconds": 3,
                "namespaceSelector": {"matchLabels": {_ASKED: "true"}},
                "clientConfig": {"url": f"https://127.0.0.1:{port}{PATH}"},
                "rules": [
                    {
                        "apiGroups": [conventions.GROUP],
                        "apiVersions": [conventions.VERSION],
                        "resources": [conventions.MICROSERVICES, "servicecontracts"],
                        "operations": ["CREATE", "UPDATE", "DELETE"],
                    }
                ],
            }
        ],
    }


def _operator(cluster: ControlPlane, webhook_port: int) -> OperatorProcess:
    return OperatorProcess(
        cluster.kubeconfig,
        Path(cluster.kubeconfig).with_name("operator.log"),
        environment={
            "CONCORDAT_LEASE_NAME": "concordat",
            "CONCORDAT_LEASE_NAMESPACE": OPERATOR,
            "CONCORDAT_IDENTITY": f"operator-{time.monotonic_ns()}",
            "CONCORDAT_WEBHOOK": WEBHOOK,
            "CONCORDAT_WEBHOOK_HOSTS": "127.0.0.1",
            "CONCORDAT_WEBHOOK_PORT": str(webhook_port),
        },
    )


@contextmanager
def world() -> Iterator[World]:
    """A control plane, an operator that leads and is asked at admission, and the quiet tenant, built."""
    with started(simulated_nodes=1) as cluster:
        kubectl, port = Kubectl(cluster), free_port()
        for namespace in (OPERATOR, QUIET):
            kubectl("create", "namespace", namespace)
        kubectl("label", "namespace", QUIET, f"{_ASKED}=true")
        kubectl("create", "-f", "-", stdin=_webhook(port))
        here = World(cluster=cluster, operator=_operator(cluster, port), webhook_port=port, kubectl=kubectl)
        try:
            here.operator.wait_until_working()
            here.settle()
            yield here
        finally:
            here.operator.kill()
