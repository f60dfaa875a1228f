"""
The webhook, asked by a real API server: what it says, that it is believed, and that nothing depends on it.
"""

import asyncio
import base64
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from concordat.cluster.trust import MOST, Certificate, Trust, bundle, certificates
from concordat.handlers.peers import Trusted
from concordat.handlers.webhook import PATH, WebhookServer
from concordat.manifest import conventions
from concordat.reconcile.admission.microservice import Admission, listed
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.cluster import Kubectl
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import OperatorProcess, free_port, microservice, wait_for

METADATA_OF_THE_CLOUD = [{"cidr": "169.254.169.254/32", "port": 80}]
"""What no service may reach: certain, whatever else the cluster holds."""
LOCAL = Trusted(networks=("127.0.0.0/8",))
"""This API server asks from the same machine."""
IMPATIENT = 3
"""Seconds the API server waits, as the chart says."""


# --- whom the API server believes, without one ------------------------------------------------------------------------------


def _entry(owner: str, expires: float) -> Certificate:
    return Certificate(pem=f"{owner}-{expires}", owner=owner, expires=expires)


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle of ``owner-expires`` lines in place of certificates."""

    def read(text: str) -> list[Certificate]:
        lines = (line.rpartition("-") for line in text.splitlines())
        return [Certificate(pem=f"{o}-{e}", owner="" if o == "foreign" else o, expires=float(e)) for o, _, e in lines]

    monkeypatch.setattr("concordat.cluster.trust.certificates", read)


@pytest.mark.usefixtures("entries")
class TestBundle:
    """What is kept in it."""

    def test_others_stay_and_ours_is_added(self) -> None:
        assert bundle("a-20.0\nforeign-1.0\n", [_entry("b", 30.0)], now=10) == "foreign-1.0\na-20.0\nb-30.0\n"

    def test_what_has_run_out_goes(self) -> None:
        assert bundle("a-9.0\n", [_entry("b", 30.0)], now=10) == "b-30.0\n"

    def test_what_the_same_operator_showed_before_goes(self) -> None:
        """A container that restarts for ever leaves one entry."""
        assert bundle("b-20.0\n", [_entry("b", 30.0)], now=10) == "b-30.0\n"

    def test_while_one_is_renewed_both_are_believed(self) -> None:
        assert bundle("b-20.0\n", [_entry("b", 20.0), _entry("b", 30.0)], now=10) == "b-20.0\nb-30.0\n"

    def test_the_same_is_the_same(self) -> None:
        """Else two replicas would write in turns for ever."""
        text = bundle("a-20.0\n", [_entry("b", 20.0)], now=10)
        assert bundle(text, [_entry("a", 20.0)], now=10) == text
        assert bundle(text, [_entry("b", 20.0)], now=10) == text

    def test_it_does_not_grow_for_ever(self) -> None:
        text = "".join(f"pod{n}-{n}.0\n" for n in range(100, 200))
        kept = bundle(text, [_entry("b", 300.0)], now=10).splitlines()
        assert (len(kept), kept[-1]) == (MOST, "b-300.0")


def test_a_refusal_lists_what_was_found_and_how_to_mend_it() -> None:
    """At most ten lines, because kubectl shows text alone."""
    said = listed("ServiceContract shop/orders refused", [f"finding {n}" for n in range(12)], remedy="keep the field")
    lines = said.splitlines()
    assert (lines[0], lines[1], lines[10]) == (
        "ServiceContract shop/orders refused:",
        " 1. finding 0",
        " 10. finding 9",
    )
    assert lines[11:] == [" and 2 more", " fix: keep the field"]


# --- asked by a real API server ---------------------------------------------------------------------------------------------

pytestmark = pytest.mark.controlplane


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What kubectl had to say."""

    accepted: bool
    said: str


class _Counted:
    def __init__(self) -> None:
        self.answers: list[tuple[str, str, str]] = []

    def reviewed(self, kind: str, operation: str, answer: str, seconds: float) -> None:
        self.answers.append((kind, operation, answer))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A namespace whose resources a webhook is asked about."""

    story: Story
    server: WebhookServer
    configuration: str
    counted: _Counted

    async def apply(self, *manifests: Any, dry_run: bool = False) -> Answer:
        return await asyncio.to_thread(_apply, self.story.cluster, *manifests, dry_run=dry_run)

    async def believed(self) -> list[Certificate]:
        """What the API server is told to believe."""
        found = await asyncio.to_thread(self.story.kubectl.get, "validatingwebhookconfiguration", self.configuration)
        text = base64.b64decode(found["webhooks"][0]["clientConfig"].get("caBundle", "")).decode()
        return certificates(text)


def _apply(cluster: ControlPlane, *manifests: Any, dry_run: bool = False) -> Answer:
    done = subprocess.run(
        [
            *(cluster.binaries["kubectl"], f"--kubeconfig={cluster.kubeconfig}", "apply", "-f", "-"),
            *(("--dry-run=server",) if dry_run else ()),
        ],
        input=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)}),
        capture_output=True,
        text=True,
        check=False,
    )
    return Answer(accepted=done.returncode == 0, said=done.stderr)


def _configuration(name: str, port: int, namespace: str) -> dict[str, Any]:
    """As the chart's, for one namespace, and by address: no Service leads out of this control plane."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": "admission.concordat.dev",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Ignore",
                "timeoutSeconds": IMPATIENT,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
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


@pytest.fixture
def configured(control_plane: ControlPlane, namespace: str) -> Iterator[tuple[str, int]]:
    """Name of a configuration, and the port it asks."""
    kubectl, port = Kubectl(control_plane), free_port()
    kubectl("create", "-f", "-", stdin=_configuration(namespace, port, namespace))
    yield namespace, port
    kubectl("delete", "validatingwebhookconfiguration", namespace)


@asynccontextmanager
async def asking(
    story: Story,
    configured: tuple[str, int],
    *,
    identity: str = "pod-1",
    valid: float = 3600.0,
    trusted: Trusted = LOCAL,
) -> AsyncIterator[Asked]:
    """A webhook at work."""
    name, port = configured
    trust = Trust(
        story.client, configuration=name, identity=identity, hosts=("127.0.0.1",), valid=valid, look=0.5, spreads=1.0
    )
    counted = _Counted()
    server = WebhookServer(Admission(story.engine).judge, trust, port=port, observer=counted, trusted=trusted)
    server.start()
    asked = Asked(story=story, server=server, configuration=name, counted=counted)
    try:

        async def answers() -> bool:
            before = len(counted.answers)
            await asked.apply(microservice("probe", story.namespace), dry_run=True)
            return len(counted.answers) > before

        await eventually(answers)
        yield asked
    finally:
        await server.stop()


@pytest.fixture
async def asked(
    control_plane: ControlPlane, optional_kinds: None, namespace: str, configured: tuple[str, int]
) -> AsyncIterator[Asked]:
    """An engine at work in a new namespace, and its webhook."""
    async with operating(control_plane, namespace) as story, asking(story, configured) as webhook:
        yield webhook


async def test_what_is_certainly_wrong_is_refused_at_once(asked: Asked) -> None:
    """In the words of the condition it would get, and nothing is stored."""
    answer = await asked.apply(microservice("orders", asked.story.namespace, egress=METADATA_OF_THE_CLOUD))

    assert not answer.accepted
    assert f"Microservice {asked.story.namespace}/orders refused:\n 1. spec.egress[0].cidr: 169.254" in answer.said
    assert not await asyncio.to_thread(
        asked.story.kubectl.answers, "get", "microservice", "orders", "--namespace", asked.story.namespace
    )


async def test_what_merely_waits_is_a_warning(asked: Asked) -> None:
    """Two services that consume each other can be created in any order."""
    answer = await asked.apply(
        microservice("orders", asked.story.namespace, consumes=[{"service": "payments"}]),
        microservice("payments", asked.story.namespace, consumes=[{"service": "orders"}]),
    )

    assert answer.accepted
    assert "Warning: spec.consumes[0]: nothing called payments is in namespace" in answer.said
    assert "nothing called orders" not in answer.said


async def test_who_is_cut_off_is_a_warning(asked: Asked) -> None:
    """A consumer that leaves the list, a port that goes; what merely restarts is none."""
    namespace = asked.story.namespace
    consumer = microservice("orders", namespace, consumes=[{"service": "payments"}])
    await asked.apply(microservice("payments", namespace), consumer)
    await asked.story.settled("orders", "payments")

    port = await asked.apply(microservice("payments", namespace, ports={"grpc": {"port": 9000}}))
    image = await asked.apply(microservice("payments", namespace, ports={"grpc": {"port": 9000}}, image="a/b:2"))
    edge = await asked.apply(microservice("orders", namespace))

    assert (port.accepted, image.accepted, edge.accepted) == (True, True, True)
    assert "Warning: NetworkPolicy/payments: the policy narrows: nothing in from" in port.said
    assert "Warning" not in image.said
    assert "Warning: NetworkPolicy/orders: the policy narrows: nothing out to" in edge.said


async def test_who_loses_their_provider_is_told(asked: Asked) -> None:
    """Deleting is not refused: a team may always end its service. Its consumers are named."""
    namespace = asked.story.namespace
    consumer = microservice("orders", namespace, consumes=[{"service": "payments"}])
    await asked.apply(microservice("payments", namespace), consumer)
    await asked.story.settled("orders", "payments")

    done = await asyncio.to_thread(_delete, asked.story, "payments")

    assert f"Warning: {namespace}/payments is consumed by {namespace}/orders: they lose it" in done


async def test_what_decides_nothing_is_not_judged(asked: Asked) -> None:
    """A resource that is wrong can still be paused, labelled, and deleted."""
    namespace = asked.story.namespace
    wrong = microservice("orders", namespace, egress=METADATA_OF_THE_CLOUD)
    await asked.server.stop()
    assert (await asked.apply(wrong)).accepted
    async with asking(asked.story, (asked.configuration, asked.server.port)) as again:
        wrong["metadata"]["labels"] = {"example.com/note": "eleven"}
        labelled = await again.apply(wrong)
        wrong["spec"]["team"] = "payments"
        edited = await again.apply(wrong)

    assert (labelled.accepted, edited.accepted) == (True, False)


async def test_with_the_webhook_down_the_reconciler_refuses_the_same(asked: Asked) -> None:
    """It is stored, it is not built, and the condition says why."""
    await asked.server.stop()
    answer = await asked.apply(microservice("orders", asked.story.namespace, egress=METADATA_OF_THE_CLOUD))
    await asked.story.settled("orders")

    assert answer.accepted
    assert (await asked.story.condition("orders"))["reason"] == conventions.REASON_EGRESS_FORBIDDEN
    assert "create deployments" not in asked.story.writes()


async def test_certificates_are_renewed_and_always_believed(
    control_plane: ControlPlane, optional_kinds: None, namespace: str, configured: tuple[str, int]
) -> None:
    """One that lives fifteen seconds is renewed twice in twenty-three, and no question passes by unanswered meanwhile."""
    async with operating(control_plane, namespace) as story, asking(story, configured, valid=15.0) as asked:
        first = await asked.believed()
        until = time.monotonic() + 23
        while time.monotonic() < until:
            answer = await asked.apply(microservice("orders", namespace, egress=METADATA_OF_THE_CLOUD), dry_run=True)
            assert not answer.accepted
        last = await asked.believed()

    assert {entry.owner for entry in (*first, *last)} == {"pod-1"}
    assert len(last) <= 2
    assert not {entry.pem for entry in first} & {entry.pem for entry in last}


async def test_a_bundle_that_was_written_over_is_mended(asked: Asked) -> None:
    """As by an upgrade that lays the configuration down anew; what others put there stays."""
    patch = '[{"op": "remove", "path": "/webhooks/0/clientConfig/caBundle"}]'
    await asyncio.to_thread(
        asked.story.kubectl,
        *("patch", "validatingwebhookconfiguration", asked.configuration, "--type=json", f"--patch={patch}"),
    )

    async def believed() -> bool:
        return [entry.owner for entry in await asked.believed()] == ["pod-1"]

    await eventually(believed)


async def test_replicas_are_believed_side_by_side(asked: Asked) -> None:
    """Each with a certificate of its own; the one that restarts replaces its former one and nobody else's."""
    (former,) = await asked.believed()
    await asked.server.stop()
    here = (asked.configuration, asked.server.port)
    async with asking(asked.story, here, identity="pod-2") as other:
        both = await other.believed()
    async with asking(asked.story, here, identity="pod-1") as again:
        at_last = await again.believed()

    assert sorted(entry.owner for entry in both) == ["pod-1", "pod-2"]
    assert former in both
    assert sorted(entry.owner for entry in at_last) == ["pod-1", "pod-2"]
    assert former not in at_last
    assert {entry for entry in both if entry.owner == "pod-2"} <= set(at_last)


def test_a_standby_answers_as_well(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    """The API server asks whichever replica the Service chooses: here, one that waits for the Lease."""
    kubectl, port = Kubectl(control_plane), free_port()
    kubectl("create", "-f", "-", stdin=_configuration(namespace, port, namespace))
    environment = {
        "CONCORDAT_NAMESPACES": namespace,
        "CONCORDAT_LEASE_NAME": "concordat",
        "CONCORDAT_LEASE_NAMESPACE": namespace,
    }
    standing_by = {
        "CONCORDAT_IDENTITY": "standby",
        "CONCORDAT_WEBHOOK": namespace,
        "CONCORDAT_WEBHOOK_HOSTS": "127.0.0.1",
        "CONCORDAT_WEBHOOK_PORT": str(port),
    }
    kubeconfig, wrong = control_plane.kubeconfig, microservice("orders", namespace, egress=METADATA_OF_THE_CLOUD)
    try:
        with OperatorProcess(kubeconfig, tmp_path / "leader", environment=environment) as leader:
            leader.wait_until_working()
            with OperatorProcess(kubeconfig, tmp_path / "standby", environment=environment | standing_by) as standby:
                wait_for(lambda: not _apply(control_plane, wrong, dry_run=True).accepted, seconds=30, what=standby.said)
                assert not standby.leads()
                reviews = 'concordat_admission_reviews_total{answer="refused",kind="Microservice",operation="CREATE"}'
                assert standby.metrics()[reviews] >= 1
                assert standby.stop() == 0 or not standby.leads()
    finally:
        kubectl("delete", "validatingwebhookconfiguration", namespace)


def _delete(story: Story, name: str) -> str:
    done = subprocess.run(
        [
            *(story.cluster.binaries["kubectl"], f"--kubeconfig={story.cluster.kubeconfig}"),
            *("delete", "microservice", name, f"--namespace={story.namespace}", "--wait=false"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr
