"""
The hostile cases: what a tenant may try with rights in its own namespace, or any pod with a way to the operator's ports.

A row is a name, what is done, and what must hold besides what holds for all (:mod:`tests.safety.world`). Objects that are simply applied
are written with :func:`applying`; anything else is a function of :class:`tests.safety.world.Evil`.
"""

import base64
import gzip
import json
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from concordat.handlers.webhook import PATH
from concordat.manifest import conventions
from tests.engine.rig import microservice
from tests.safety.world import Evil

Manifest = Mapping[str, Any]


def _nothing_more(_: Evil) -> Sequence[str]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing that is tried."""

    name: str
    why: str
    """What would be gained, or broken, in one sentence."""
    act: Callable[[Evil], object]
    holds: Callable[[Evil], Iterable[str]] = _nothing_more
    """What happened that must not; nothing when all is well."""
    lasts: float = 3.0
    """Seconds that it is given to do harm after the quiet tenant's change has taken effect."""


def applying(objects: Callable[[str], Sequence[Manifest]], *, ask: bool = True) -> Callable[[Evil], None]:
    """Stored in a namespace where the webhook is not asked; before that, asked about in one where it is."""

    def act(evil: Evil) -> None:
        if ask:
            evil.ask(*objects(evil.asked))
        evil.apply(*objects(evil.namespace))

    return act


def contract(name: str, namespace: str, document: Any, *, version: str = "1.0.0", **spec: Any) -> dict[str, Any]:
    """A ServiceContract with an inline document; text stays as it is, anything else becomes JSON."""
    text = document if isinstance(document, str) else json.dumps(document)
    return _contract(name, namespace, {"inline": text}, version=version, **spec)


def _contract(name: str, namespace: str, document: Manifest, *, version: str = "1.0.0", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "openapi", "version": version, "document": document, **spec},
    }


def config_map(name: str, namespace: str, **content: Any) -> dict[str, Any]:
    """``data`` or ``binaryData``."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, **content}


def openapi(schema: Any, *, version: str = "1.0.0", title: str = "t") -> dict[str, Any]:
    """A description of one operation that answers with ``schema``."""
    answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": {"/a": {"get": {"operationId": "a", "responses": {"200": answer}}}},
    }


# --- services ---------------------------------------------------------------------------------------------------------------


def _each_other(count: int, *, retries: int, criticality: str = "hard") -> Callable[[str], Sequence[Manifest]]:
    """Each consumes up to 64 others."""

    def objects(namespace: str) -> Sequence[Manifest]:
        return [
            microservice(
                f"s{number}",
                namespace,
                tier="besteffort",
                objectives=[],
                consumes=[
                    {"service": f"s{(number + step) % count}", "retries": retries, "criticality": criticality}
                    for step in range(1, min(65, count))
                ],
            )
            for number in range(count)
        ]

    return objects


def _chain(count: int) -> Callable[[str], Sequence[Manifest]]:
    def objects(namespace: str) -> Sequence[Manifest]:
        return [
            microservice(
                f"s{number}",
                namespace,
                tier="besteffort",
                objectives=[],
                consumes=[{"service": f"s{number + 1}", "retries": 1}] if number + 1 < count else [],
            )
            for number in range(count)
        ]

    return objects


def _edited_again(objects: Callable[[str], Sequence[Manifest]], times: int) -> Callable[[Evil], None]:
    """All of them changed in turn: each change concerns all the others."""

    def act(evil: Evil) -> None:
        evil.apply(*objects(evil.namespace))
        for turn in range(times):
            changed = []
            for manifest in objects(evil.namespace):
                consumes = [{**use, "retries": 1 + turn % 2} for use in manifest["spec"]["consumes"]]
                changed.append({**manifest, "spec": {**manifest["spec"], "consumes": consumes}})
            evil.apply(*changed)

    return act


def _hosts(namespace: str) -> Sequence[Manifest]:
    """As many services as possible that claim the same hosts."""
    hosts = [f"h{number}.{namespace}.example.com" for number in range(16)]
    return [microservice(f"s{number}", namespace, routing={"hosts": hosts}) for number in range(40)]


def _annotated(namespace: str) -> Sequence[Manifest]:
    deep = "[" * 60_000 + "]" * 60_000
    annotations = {f"{conventions.GROUP}/{name}": deep for name in ("paused", "break-glass")}
    found = microservice("deep", namespace)
    return [{**found, "metadata": {**found["metadata"], "annotations": annotations}}]


def _deep_annotation_on_the_child(evil: Evil) -> None:
    """Deep JSON where our own annotation stands on the Deployment."""
    evil.apply(microservice("victim", evil.namespace))
    evil.world.kubectl("wait", "--for=create", "deployment/victim", "--namespace", evil.namespace, "--timeout=30s")
    deep = "[" * 60_000 + "]" * 60_000
    for value in (deep, '{"payments/x": ' + deep + "}", "null", '{"quiet/ledger-api": 5}', '{"tokens": {"a/b": [[]]}}'):
        annotations = {f"{conventions.GROUP}/consumes": value, f"{conventions.GROUP}/paused": "true"}
        evil.apply(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "victim", "namespace": evil.namespace, "annotations": annotations},
            }
        )


def _status_is_forged(evil: Evil) -> None:
    """A tenant with rights on the status of its own resources writes nonsense into it, again and again."""
    evil.apply(microservice("victim", evil.namespace))
    evil.kubectl("wait", "--for=create", "deployment/victim", "--namespace", evil.namespace, "--timeout=30s")
    forged = [
        {"hosts": ["ledger.quiet.example.com"], "provides": ["ledger-api"], "replicas": "x" * 60},
        {"children": [{"kind": "Deployment", "name": "ledger", "fingerprint": "f" * 60} for _ in range(60)]},
        {"conditions": [_condition(f"Kind{number}", "R" * 1000) for number in range(30)]},
        {"observedGeneration": 2**60},
    ]
    for status in forged:
        with suppress(AssertionError):  # what the API server refuses is no harm
            evil.kubectl(
                *("patch", "microservice", "victim", "--namespace", evil.namespace),
                *("--subresource=status", "--type=merge", "--patch-file=/dev/stdin"),
                stdin={"status": status},
            )


def _condition(kind: str, reason: str) -> Manifest:
    return {
        "type": kind,
        "status": "False",
        "reason": reason,
        "message": "m" * 30_000,
        "lastTransitionTime": "2026-11-22T11:12:13Z",
    }


def _status_again_and_again(evil: Evil) -> None:
    evil.apply(microservice("victim", evil.namespace))
    for number in range(40):
        evil.kubectl.answers(
            *("patch", "microservice", "victim", "--namespace", evil.namespace, "--subresource=status"),
            *("--type=merge", "--patch", json.dumps({"status": {"replicas": f"{number}/0"}})),
        )


def _children_are_deleted(evil: Evil) -> None:
    """Again and again: each deletion is repaired at once."""
    evil.apply(*(microservice(f"s{number}", evil.namespace) for number in range(10)))
    for _ in range(15):
        evil.kubectl.answers(
            "delete", "services,networkpolicies", "--all", "--wait=false", "--namespace", evil.namespace
        )


def _deleted_and_created(evil: Evil) -> None:
    services = [microservice(f"s{number}", evil.namespace) for number in range(20)]
    for _ in range(4):
        evil.apply(*services)
        evil.kubectl.answers("delete", "microservices", "--all", "--wait=false", "--namespace", evil.namespace)


def _pods_that_claim_to_have_tried(evil: Evil) -> None:
    """Pods with the label of a trial, of the quiet tenant's contract and of none."""
    for number in range(60):
        labels = {f"{conventions.GROUP}/tries": "ledger-api" if number % 2 else f"c{number}"}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{number}", "namespace": evil.namespace, "labels": labels},
            "spec": {"containers": [{"name": "c", "image": "r.example.com/a:1"}]},
        }
        evil.kubectl.apply(pod) if number < 2 else evil.apply(pod)


def _the_neighbour_s_names(namespace: str) -> Sequence[Manifest]:
    """A service that names the quiet tenant wherever one can be named."""
    return [
        microservice(
            "leech",
            namespace,
            routing={"hosts": ["ledger.quiet.example.com"]},
            provides=["ledger-api"],
            consumes=[{"service": "quiet/reader"}, {"contract": "quiet/ledger-api", "version": "9"}],
        )
    ]


def _wide(namespace: str) -> Sequence[Manifest]:
    """Everything a Microservice may hold, as much of it as the schema lets through."""
    env = [{"name": f"V{number}", "value": "v" * 3000} for number in range(100)]
    ports = {f"p{number}": {"port": 1000 + number} for number in range(10)}
    egress = [{"host": f"h{number}.example.com", "port": 443} for number in range(60)]
    return [microservice(f"s{number}", namespace, env=env, ports=ports, egress=egress) for number in range(20)]


def _many_contracts(namespace: str) -> Sequence[Manifest]:
    return [contract(f"c{number}", namespace, openapi({"type": "string"}, title=f"t{number}")) for number in range(100)]


def _many_that_fail(namespace: str) -> Sequence[Manifest]:
    return [contract(f"c{number}", namespace, "{" * number) for number in range(1, 120)]


def _one_contract_of_all(namespace: str) -> Sequence[Manifest]:
    """60 services that provide one and the same contract, and consume it."""
    return [
        contract("shared", namespace, openapi({"type": "string"})),
        *(
            microservice(f"s{number}", namespace, provides=["shared"], consumes=[{"contract": "shared", "retries": 2}])
            for number in range(60)
        ),
    ]


# --- contracts --------------------------------------------------------------------------------------------------------------


def _slow(count: int) -> Callable[[Evil], None]:
    """Five nested arrays of at least 60 items: what is compared may be built 60^5 times."""

    def nested(leaf: Manifest) -> Manifest:
        for _ in range(5):
            leaf = {"type": "array", "minItems": 60, "items": leaf}
        return leaf

    def documents(namespace: str, version: str) -> Iterator[Manifest]:
        for number in range(count):
            leaf = {"type": "integer", "maximum": number} if version == "1.0.0" else {"type": "string"}
            yield contract(
                f"slow-{number}", namespace, openapi(nested(leaf), version=version, title=f"t{number}"), version=version
            )

    def act(evil: Evil) -> None:
        evil.apply(*documents(evil.namespace, "1.0.0"))
        wait = ("--for=condition=Ready", "servicecontract", "--all", "--timeout=60s", "--namespace", evil.namespace)
        evil.kubectl("wait", *wait)
        evil.apply(*documents(evil.namespace, "1.0.1"))

    return act


def _bomb(unpacked: bytes, count: int) -> Callable[[str], Sequence[Manifest]]:
    """One ConfigMap with much behind little gzip, and contracts that name it."""
    packed = base64.b64encode(gzip.compress(unpacked, 9)).decode()

    def objects(namespace: str) -> Sequence[Manifest]:
        named = {"configMap": {"name": "bomb", "key": "d"}}
        return [
            config_map("bomb", namespace, binaryData={"d": packed}),
            *(_contract(f"bomb-{number}", namespace, named) for number in range(count)),
        ]

    return objects


def _in_parts(namespace: str) -> Sequence[Manifest]:
    """64 parts that are all the same ConfigMap of 900 kB."""
    parts = [{"name": "part", "key": "d"}] * 64
    return [
        config_map("part", namespace, data={"d": "x" * 900_000}),
        _contract("parts", namespace, {"parts": parts}),
    ]


def _large_inline(namespace: str) -> Sequence[Manifest]:
    return [contract("large", namespace, {**openapi({}), "x-padding": ["\x01" * 100] * 1000})]


def _many_long_findings(evil: Evil) -> None:
    """A name of 90 kB above 190 findings, in a dozen dry runs."""
    name = "x" * 90_000

    def long(edit: int) -> Manifest:
        inner = {f"p{number}": {"type": "integer" if edit == 0 else "string"} for number in range(190)}
        schema = {
            "type": "object",
            "required": [name],
            "properties": {name: {"type": "object", "required": list(inner), "properties": inner}},
        }
        version = "1.0.0" if edit == 0 else "1.0.1"
        return contract("long", evil.asked, openapi(schema, version=version, title=f"t{edit}"), version=version)

    evil.apply(long(0))
    evil.kubectl("wait", "--for=condition=Ready", "servicecontract/long", "--timeout=60s", "--namespace", evil.asked)
    for edit in range(1, 13):
        evil.ask(long(edit))


# --- the webhook's port -----------------------------------------------------------------------------------------------------

MARK = "sshh-this-is-nobody-elses"


def _read_config_maps(evil: Evil) -> None:
    evil.world.kubectl.apply(config_map("settings", "kube-system", data={"conf": f"password: {MARK}\n  : ]["}))


def _nothing_is_told(evil: Evil) -> Iterator[str]:
    """The same words for what is there and what is not, and no word of what stands in it."""
    said = {
        name: json.dumps(
            evil.review(
                conventions.SERVICE_CONTRACT,
                "x",
                {"type": "openapi", "version": "9.9.9", "document": {"configMap": {"name": name, "key": key}}},
                namespace="kube-system",
            )
        )
        .replace(name, "NAME")
        .replace(key, "KEY")
        for name, key in (("settings", "conf"), ("nothing", "conf"))
    }
    if MARK in said["settings"]:
        yield f"the webhook quotes a ConfigMap of kube-system: {said['settings'][:300]}"
    if said["settings"] != said["nothing"]:
        yield f"the webhook tells whether a ConfigMap exists: {said['settings'][:300]} and {said['nothing'][:300]}"


def _no_names_are_told(evil: Evil) -> Iterator[str]:
    spec = microservice("x", evil.asked, consumes=[{"service": "quiet/ledger"}])["spec"]
    there = json.dumps(evil.review(conventions.MICROSERVICE, "x", spec))
    spec = microservice("x", evil.asked, consumes=[{"service": "quiet/nobody"}])["spec"]
    absent = json.dumps(evil.review(conventions.MICROSERVICE, "x", spec))
    if there.replace("quiet/ledger", "?") != absent.replace("quiet/nobody", "?"):
        yield f"the webhook tells whether a service exists elsewhere: {there[:300]} and {absent[:300]}"
    empty = {**openapi({}), "paths": {}}
    spec = contract("ledger-api", "quiet", empty, version="2.0.0")["spec"]
    offered = json.dumps(evil.review(conventions.SERVICE_CONTRACT, "ledger-api", spec, namespace="quiet"))
    if "/entries" in offered or "reader" in offered:
        yield f"the webhook tells anybody what a contract offers and to whom: {offered[:300]}"


def _made_up_reviews(evil: Evil) -> None:
    """Every kind and operation a word of its own, and shapes that no review has."""
    for number in range(200):
        request = {"uid": "1", "kind": {"kind": f"k{number}"}, "operation": f"o{number}", "object": {"metadata": {}}}
        evil.post(json.dumps({"request": request}).encode())
    for shape in (None, 7, [], "x", {"uid": None}, {"kind": 3}, {"kind": {"kind": []}}):
        evil.post(json.dumps({"request": shape}).encode())


def _no_series_of_theirs(evil: Evil) -> Iterator[str]:
    found = [name for name in evil.world.operator.metrics() if 'kind="k1' in name or 'operation="o1' in name]
    if found:
        yield f"words of a made-up review are labels of metrics: {found[:2]}"


def _questions_about_the_neighbour(evil: Evil) -> Iterator[str]:
    """Deleting the quiet tenant's things, as somebody who has only their names: who consumes them is not told."""
    for kind, name in ((conventions.MICROSERVICE, "ledger"), (conventions.SERVICE_CONTRACT, "ledger-api")):
        made = {
            "apiVersion": conventions.API_VERSION,
            "kind": kind,
            "metadata": {"name": name, "namespace": "quiet"},
            "spec": contract("x", "quiet", openapi({}))["spec"]
            if kind == conventions.SERVICE_CONTRACT
            else microservice("x", "quiet")["spec"],
        }
        request = {"uid": "1", "kind": {"kind": kind}, "operation": "DELETE", "namespace": "quiet", "name": name}
        said = json.dumps(evil.post(json.dumps({"request": {**request, "oldObject": made}}).encode()))
        if "reader" in said:
            yield f"the webhook tells anybody who consumes {name}: {said[:300]}"


def _metrics_asked_again_and_again(evil: Evil) -> None:
    for _ in range(300):
        evil.world.operator.get("/metrics")


def _slow_reviews(evil: Evil) -> None:
    """Connections that begin a review and never end it."""
    held = []
    for _ in range(100):
        raw = socket.create_connection(("127.0.0.1", evil.world.webhook_port), timeout=5)
        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
        connection = anybody.wrap_socket(raw)
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n{{".encode())
        held.append(connection)
    said = evil.ask(microservice("orders", evil.asked, egress=[{"cidr": "169.254.169.254/32", "port": 80}]))
    evil.said = said
    for connection in held:
        connection.close()


def _still_answered(evil: Evil) -> Iterator[str]:
    """After them at the latest."""
    said = evil.ask(microservice("orders", evil.asked, egress=[{"cidr": "169.254.169.254/32", "port": 80}]))
    if "refused" not in said:
        yield f"the webhook does not answer any more: {said[:300]}"


def _flood(evil: Evil) -> None:
    """Large reviews, many at once, from somebody without any right."""
    body = json.dumps({"request": {"object": [[[["x" * 10]] * 50] * 50] * 60}}).encode()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(evil.post, [body] * 64))


def _deep_review(evil: Evil) -> None:
    for body in (b"[" * 4_000_000, b'{"request":' * 500_000, b"{" + b'"a":1,' * 1_000_000 + b'"b":2}'):
        evil.post(body)


CASES: Sequence[Case] = (
    Case(
        name="65-services-that-retry-each-other",
        why="arithmetic over all ways through a graph stops the operator for everybody",
        act=applying(_each_other(65, retries=1)),
    ),
    Case(
        name="100-services-that-retry-each-other",
        why="the same, larger",
        act=applying(_each_other(100, retries=3), ask=False),
    ),
    Case(
        name="a-chain-of-300-services",
        why="each change concerns everybody above",
        act=applying(_chain(300), ask=False),
    ),
    Case(
        name="40-services-changed-five-times-that-concern-each-other",
        why="each change queues all the others",
        act=_edited_again(_each_other(40, retries=1), 5),
    ),
    Case(
        name="40-services-claim-the-same-hosts",
        why="who holds a host is looked for among all who claim it",
        act=applying(_hosts, ask=False),
    ),
    Case(
        name="annotations-nested-60000-deep",
        why="what is parsed recursively ends by the depth of the stack",
        act=applying(_annotated, ask=False),
    ),
    Case(
        name="forged-annotations-on-its-own-deployment",
        why="one annotation puts every contract of the cluster into InternalError",
        act=_deep_annotation_on_the_child,
    ),
    Case(
        name="24-contracts-that-are-slow-to-compare",
        why="a slow assessment holds a worker, and eight of them all workers",
        act=_slow(24),
        lasts=10,
    ),
    Case(
        name="gzip-of-60-mib-of-control-characters",
        why="59 KiB become gigabytes in the operator",
        act=applying(_bomb(("\U0001f600" + "\x01" * (60 * 2**20)).encode(), 1), ask=False),
        lasts=8,
    ),
    Case(
        name="ten-contracts-name-one-gzip-bomb",
        why="each is unpacked by itself",
        act=applying(_bomb(("\U0001f600" + "\x01" * (60 * 2**20)).encode(), 10), ask=False),
        lasts=8,
    ),
    Case(
        name="gzip-of-30-mib-of-empty-objects",
        why="30 KiB become ten million objects in an assessing process",
        act=applying(_bomb(b"[" + b"{}," * (10 * 2**20) + b"{}]", 2), ask=False),
        lasts=8,
    ),
    Case(name="64-parts-of-900-kb", why="the parts together are much larger than each", act=applying(_in_parts)),
    Case(
        name="inline-document-of-control-characters",
        why="each character of it takes six in the question to the assessing process",
        act=applying(_large_inline),
    ),
    Case(
        name="dry-runs-with-long-findings",
        why="answers that are remembered fill the memory, and nothing that is stored shows whose they are",
        act=_many_long_findings,
    ),
    Case(
        name="the-webhook-is-asked-about-config-maps",
        why="any pod reads what stands in ConfigMaps of other namespaces",
        act=_read_config_maps,
        holds=_nothing_is_told,
        lasts=0,
    ),
    Case(
        name="the-webhook-is-asked-about-services-and-contracts",
        why="any pod learns the names of services and what contracts offer",
        act=lambda evil: None,
        holds=_no_names_are_told,
        lasts=0,
    ),
    Case(
        name="the-webhook-is-flooded-with-large-reviews",
        why="any pod keeps the event loop busy with parsing",
        act=_flood,
    ),
    Case(
        name="the-webhook-is-sent-reviews-that-are-none",
        why="words of a stranger become labels of metrics that are never forgotten",
        act=_made_up_reviews,
        holds=_no_series_of_theirs,
        lasts=0.5,
    ),
    Case(
        name="the-webhook-is-asked-what-would-be-deleted",
        why="any pod learns who consumes what",
        act=lambda evil: None,
        holds=_questions_about_the_neighbour,
        lasts=0,
    ),
    Case(
        name="reviews-that-never-end",
        why="whoever holds all places at the webhook keeps the API server out",
        act=_slow_reviews,
        holds=_still_answered,
        lasts=5,
    ),
    Case(
        name="metrics-are-asked-for-without-a-pause",
        why="counting everything for each answer keeps the event loop busy",
        act=_metrics_asked_again_and_again,
        lasts=0,
    ),
    Case(
        name="the-status-of-its-own-service-is-forged",
        why="hosts, children and fingerprints are read back from where a tenant can write",
        act=_status_is_forged,
    ),
    Case(
        name="the-status-of-its-own-service-is-written-again-and-again",
        why="each write of a stranger is answered by one of the operator",
        act=_status_again_and_again,
    ),
    Case(
        name="children-are-deleted-again-and-again",
        why="each deletion is repaired at once, before anybody else's change",
        act=_children_are_deleted,
    ),
    Case(
        name="services-are-deleted-and-created-again",
        why="news of one and the same name overtake each other",
        act=_deleted_and_created,
    ),
    Case(
        name="pods-claim-to-have-tried-contracts",
        why="a pod with a label speaks about somebody else's contract",
        act=_pods_that_claim_to_have_tried,
    ),
    Case(
        name="the-neighbour-is-named-everywhere",
        why="a name is enough to take a host, a contract or a consumer",
        act=applying(_the_neighbour_s_names),
    ),
    Case(
        name="services-as-large-as-the-schema-allows",
        why="parsing and planning them holds the event loop",
        act=applying(_wide),
    ),
    Case(
        name="100-contracts-at-once",
        why="every first version is assessed and stored",
        act=applying(_many_contracts, ask=False),
        lasts=8,
    ),
    Case(
        name="119-contracts-that-cannot-be-read",
        why="what fails is tried again, and told in metrics and conditions",
        act=applying(_many_that_fail, ask=False),
        lasts=8,
    ),
    Case(
        name="60-services-provide-and-consume-one-contract",
        why="who provides it is looked for among all, for each who asks",
        act=applying(_one_contract_of_all, ask=False),
    ),
    Case(
        name="the-webhook-is-sent-deep-and-wide-json",
        why="any pod ends the process by the depth of its stack",
        act=_deep_review,
    ),
)
