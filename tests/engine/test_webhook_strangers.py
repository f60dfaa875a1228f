"""
The webhook's port, asked by whoever reaches it: what a stranger learns, how often it may ask, and that the API server is told apart.
"""

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from concordat.handlers.peers import Rates, Trusted
from concordat.handlers.webhook import OF_ONE_ADDRESS, PATH
from concordat.manifest import conventions
from concordat.reconcile.admission.request import Question
from concordat.world.contracts import SERVICE_CONTRACT
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.conftest import Story, eventually, operating
from tests.engine.rig import microservice
from tests.engine.test_webhook import METADATA_OF_THE_CLOUD, asking, configured  # noqa: F401  a fixture

SECRET = "correct-horse-battery-staple"


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: object, /) -> Any: ...


def test_an_address_may_ask_so_often_and_no_more() -> None:
    """And another address is not made to pay for it."""
    clock = _Clock()
    rates = Rates(clock, rate=10, burst=5)
    assert [rates.allows("10.0.0.1") for _ in range(7)] == [True] * 5 + [False] * 2
    assert rates.allows("10.0.0.2")
    clock.now = 0.1
    assert [rates.allows("10.0.0.1") for _ in range(2)] == [True, False]


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    """A million addresses of IPv6 cost no more than a thousand."""
    rates = Rates(_Clock(), most=10)
    for number in range(1000):
        rates.allows(f"fd00::{number:x}")
    assert len(rates) == 10


@pytest.mark.parametrize(
    ("address", "believed"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("10.2.0.1", False), ("fd00::1", False), ("", False)],
)
def test_the_api_server_is_known_by_where_it_asks_from(address: str, believed: bool) -> None:
    assert Trusted(networks=("10.1.0.0/16",)).believes(address) is believed
    assert not Trusted().believes(address)


def test_a_question_that_is_made_up_does_not_know_what_its_parts_do_not_share() -> None:
    """The uid of one's own object opens nothing about an object of somebody else."""
    own = {"metadata": {"name": "mine", "namespace": "evil", "uid": "u"}}
    other = {"metadata": {"name": "mine", "namespace": "shop", "uid": "u"}}

    def question(before: Any, after: Any) -> Question:
        request = {"kind": {"kind": "Microservice"}, "operation": "UPDATE", "namespace": "evil", "name": "mine"}
        return Question.of({**request, "oldObject": before, "object": after}, believed=False)

    assert question(own, own).knows("u")
    assert not question(own, own).knows("another")
    assert not question(own, other).knows("u")
    assert not question(None, own).knows(None)


# --- on a real API server ---------------------------------------------------------------------------------------------------

pytestmark = pytest.mark.controlplane


class Stranger:
    """Whoever reaches the port; ``identity`` is a client certificate of the cluster, if it has one."""

    def __init__(self, cluster: ControlPlane, port: int, identity: str = "") -> None:
        self._port = port
        self._url = f"https://127.0.0.1:{port}{PATH}"
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE
        if identity:
            pki = cluster.folder / "pki"
            self._tls.load_cert_chain(pki / f"{identity}.crt", pki / f"{identity}.key")

    async def begins(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A large review from an address of this machine; its first byte, and then no more."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._tls, local_addr=(address, 0), server_hostname="webhook"
        )
        writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n{{".encode())
        await writer.drain()
        return reader, writer

    async def asks(
        self, kind: str, namespace: str, name: str, spec: Mapping[str, Any], *, before: Any = None
    ) -> dict[str, Any]:
        """The response of the review; ``{"status": HTTP status}`` where that is not 200."""
        metadata = {"name": name, "namespace": namespace}
        request = {
            "uid": "1",
            "kind": {"kind": kind},
            "namespace": namespace,
            "name": name,
            "operation": "UPDATE" if before else "CREATE",
            "userInfo": {"username": "nobody"},
            "object": {"apiVersion": conventions.API_VERSION, "kind": kind, "metadata": metadata, "spec": spec},
            "oldObject": before,
        }
        return await asyncio.to_thread(self.post, json.dumps({"request": request}).encode())

    def post(self, body: bytes) -> dict[str, Any]:
        asked = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, context=self._tls, timeout=10) as response:
                found: dict[str, Any] = json.load(response)["response"]
        except urllib.error.HTTPError as error:
            error.close()
            return {"status": error.code}
        return found


def _document(operation: str, *, version: str = "1.0.0") -> str:
    answer = {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}
    paths = {f"/{operation}": {"get": {"operationId": operation, "responses": {"200": answer}}}} if operation else {}
    return json.dumps({"openapi": "3.1.0", "info": {"title": "t", "version": version}, "paths": paths})


def _contract(operation: str, *, version: str = "1.0.0") -> dict[str, Any]:
    return {"type": "openapi", "version": version, "document": {"inline": _document(operation, version=version)}}


@pytest.fixture
async def stranger(
    control_plane: ControlPlane,
    optional_kinds: None,
    namespace: str,
    configured: tuple[str, int],  # noqa: F811
) -> Any:
    """An operator whose webhook believes nobody, with a service and a contract in force; and somebody without any right."""
    nobody = Trusted()
    async with operating(control_plane, namespace) as story, asking(story, configured, trusted=nobody):
        contract = {
            "apiVersion": conventions.API_VERSION,
            "kind": conventions.SERVICE_CONTRACT,
            "metadata": {"name": "pay-api", "namespace": namespace},
            "spec": _contract("createPayment"),
        }
        await story.apply(contract, microservice("payments", namespace, provides=["pay-api"]))

        async def in_force() -> bool:
            found = await story.client.read_whole(SERVICE_CONTRACT, namespace, "pay-api")
            return bool((found.get("status") or {}).get("version"))

        await eventually(in_force)
        yield story, Stranger(control_plane, configured[1])


async def test_a_stranger_learns_nothing_of_config_maps(stranger: tuple[Story, Stranger]) -> None:
    """Neither whether one is there, nor whether it has a key, nor a word of it."""
    story, somebody = stranger
    await story.run("create", "configmap", "settings", f"--from-literal=conf=password: {SECRET}\n : ]")
    said = []
    for name, key in (("settings", "conf"), ("settings", "nokey"), ("nothing", "conf")):
        spec = {"type": "openapi", "version": "1.0.0", "document": {"configMap": {"name": name, "key": key}}}
        said.append(await somebody.asks(conventions.SERVICE_CONTRACT, story.namespace, "x", spec))

    assert said[0] == said[1] == said[2]
    assert SECRET not in json.dumps(said)
    assert said[0]["allowed"]


async def test_a_stranger_learns_no_names(stranger: tuple[Story, Stranger]) -> None:
    """What is there is answered like what is not: services, ports, contracts and what they offer."""
    story, somebody = stranger
    there = [{"service": "payments", "ports": ["nope"]}, {"contract": "pay-api", "uses": [{"operation": "nope"}]}]
    absent = [{"service": "payment", "ports": ["nope"]}, {"contract": "pay-apo", "uses": [{"operation": "nope"}]}]
    answers = [
        await somebody.asks(
            conventions.MICROSERVICE, story.namespace, "x", microservice("x", "", consumes=uses)["spec"]
        )
        for uses in (there, absent)
    ]
    assert answers[0] == answers[1]

    names = ("pay-api", "another")
    known, unknown = [
        await somebody.asks(conventions.SERVICE_CONTRACT, story.namespace, name, _contract("", version="2.0.0"))
        for name in names
    ]
    assert known == unknown
    assert "createPayment" not in json.dumps(known)


async def test_who_knows_the_stored_object_is_told_what_it_is_about(stranger: tuple[Story, Stranger]) -> None:
    """Its uid is learnt by who may read it: so the API server is answered in full, wherever it asks from."""
    story, somebody = stranger
    stored = await story.get("servicecontract", "pay-api")

    told = await somebody.asks(
        conventions.SERVICE_CONTRACT, story.namespace, "pay-api", _contract("", version="1.0.1"), before=stored
    )
    forged = {**stored, "metadata": {**stored["metadata"], "uid": "11111111-2222-3333-4444-555555555555"}}
    untold = await somebody.asks(
        conventions.SERVICE_CONTRACT, story.namespace, "pay-api", _contract("", version="1.0.1"), before=forged
    )

    assert "createPayment" in told["status"]["message"]
    assert untold["allowed"]
    assert "createPayment" not in json.dumps(untold)


async def test_what_is_wrong_by_itself_is_refused_whoever_asks(stranger: tuple[Story, Stranger]) -> None:
    """By its own words alone, so that a first apply is answered as before."""
    story, somebody = stranger
    spec = microservice("x", "", egress=METADATA_OF_THE_CLOUD)["spec"]
    said = await somebody.asks(conventions.MICROSERVICE, story.namespace, "x", spec)
    assert not said["allowed"]
    assert "169.254" in said["status"]["message"]


NO_REVIEWS = (
    b"",
    b"[" * 100_000,
    b'{"request": ' * 2000,
    b'{"request": null}',
    b'{"request": {"uid": 1, "kind": {"kind": ["x"]}, "operation": "CREATE"}}',
    b'{"request": {"uid": 1, "kind": {"kind": "Microservice"}, "operation": {"a": 1}}}',
    b'{"request": {"uid": 1, "kind": {"kind": "Microservice"}, "operation": "CREATE", "object": []}}',
    b'{"request": {"uid": 1, "kind": {"kind": "Microservice"}, "operation": "CREATE", "object": {"metadata": 7}}}',
)


async def test_what_is_no_review_is_refused(stranger: tuple[Story, Stranger]) -> None:
    """Whatever its shape; nothing of it becomes a label of a metric."""
    _, somebody = stranger
    for body in NO_REVIEWS:
        assert await asyncio.to_thread(somebody.post, body) == {"status": 400}, body[:80]


async def test_reviews_that_never_end_keep_nobody_out(
    control_plane: ControlPlane,
    optional_kinds: None,
    namespace: str,
    configured: tuple[str, int],  # noqa: F811
) -> None:
    """An address has so many at a time; the API server, known by where it asks from, has places of its own."""
    known = Trusted(networks=("127.0.0.1/32",))
    wrong = microservice("orders", namespace, egress=METADATA_OF_THE_CLOUD)
    async with operating(control_plane, namespace) as story, asking(story, configured, trusted=known) as api:
        somebody = Stranger(control_plane, configured[1])
        held = [await somebody.begins("127.0.0.2") for _ in range(60)]
        answer = await api.apply(wrong, dry_run=True)
        refused = [await reader.read(200) for reader, _ in held[OF_ONE_ADDRESS:]]
        for _, writer in held:
            writer.close()

    assert not answer.accepted
    assert {said.split(b"\r\n", 1)[0] for said in refused} == {b"HTTP/1.1 503 Service Unavailable"}


async def test_a_certificate_is_demanded_where_the_api_server_has_one(
    control_plane: ControlPlane,
    optional_kinds: None,
    namespace: str,
    configured: tuple[str, int],  # noqa: F811
) -> None:
    """The API server is answered; nobody without a certificate is, nor anybody with one of another name."""
    authority = (control_plane.folder / "pki" / "ca.crt").read_text()
    trusted = Trusted(authority=authority, names=("kube-apiserver-webhooks",))
    async with operating(control_plane, namespace) as story, asking(story, configured, trusted=trusted) as api:
        answer = await api.apply(microservice("orders", namespace, consumes=[{"service": "payments"}]), dry_run=True)
        assert "nothing called payments is in namespace" in answer.said

        ask = (conventions.MICROSERVICE, namespace, "x", microservice("x", "")["spec"])
        with pytest.raises((ssl.SSLError, OSError)):
            await Stranger(control_plane, configured[1]).asks(*ask)
        assert await Stranger(control_plane, configured[1], "kube-scheduler").asks(*ask) == {"status": 403}


def test_the_lab_keeps_what_its_api_server_shows(control_plane: ControlPlane) -> None:
    """Readable by its owner alone."""
    key: Path = control_plane.folder / "pki" / "webhooks.key"
    assert key.stat().st_mode & 0o077 == 0
