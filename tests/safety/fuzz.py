"""
What we read back and what authors write, mangled at random, driven through the real pipeline.

The engine is the real one with all its caches, plans, verdicts and reports; only the API server and the process that assesses
documents are replaced by functions in memory. Equal seeds give equal runs. An input is one object: of ours, of what we built, a pod
with the verdict of a trial, a stored version, a Lease, a bundle of certificates, or an AdmissionReview. What counts as a failure is any
exception that would end as ``InternalError``, or make a watch pass an object over although every type in it is one the API
server lets in.
"""

import argparse
import asyncio
import base64
import gzip
import json
import logging
import random
import re
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from functools import lru_cache
from multiprocessing import get_context
from typing import Any, cast

import orjson

from concordat.cluster.certificate import self_signed
from concordat.cluster.connection.client import Client
from concordat.cluster.connection.failures import ApiError
from concordat.cluster.election import Election
from concordat.cluster.informer import Informer
from concordat.cluster.trust import bundle, certificates
from concordat.errors import InvalidInput
from concordat.facts import Platform
from concordat.gate import Assessment, Question
from concordat.gate.assessment import assess
from concordat.gate.register import Register
from concordat.manifest import Kind, Manifest, conventions, object_name
from concordat.reconcile.admission.microservice import Admission
from concordat.reconcile.admission.request import Question as Asked
from concordat.reconcile.engine import Engine
from concordat.reconcile.settings import Settings
from concordat.resources import kinds
from concordat.world.conformance import POD
from concordat.world.contracts import SERVICE_CONTRACT
from concordat.world.keys import Key
from concordat.world.microservice_record import MICROSERVICE
from tests.engine.rig import microservice
from tests.figures.engine.figure import at_least, at_most
from tests.gate.test_gate import OLD

Object = dict[str, Any]

INPUTS = 1_000_000
PROCESSES = 2
PASS_EVERY = 16
"""Inputs between two rounds in which whatever was queued is reconciled."""
_IDENTITY = frozenset({"name", "namespace", "uid", "resourceVersion"})
"""Of the metadata of an object: no API server gives an object without them, whoever wrote it."""

_NUMBERS: tuple[Any, ...] = (0, 1, -1, 7, 2**31 - 1, -(2**31), 2**53, 2**63 - 1, -(2**63))
_TEXTS = (
    "",
    " ",
    "x",
    "true",
    "null",
    "[]",
    "{}",
    "-1",
    "1e999",
    "9" * 5000,
    "0.0.0",
    "1.0.0-",
    "v1",
    "2026-99-99T99:99:99Z",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-02-30",
    "shop/orders-api",
    "/",
    "//",
    "a/b/c",
    "\x00",
    "a\nb\x1b[31m",
    "\u202e",
    "\U0001f600",
    "{" * 2000,
    "[" * 2000,
    "x" * 70_000,
    "${x}",
    "%s{}",
    "(((((a*)*)*)*",
    "::ffff:1.2.3.4",
    "10.0.0.0/33",
    "http://[",
    "http://a:99999999/",
)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMES = (
    "2026-99-99T99:99:99Z",
    "2026-02-30T00:00:00Z",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "2026-02-30",
    "9999-12-31",
    "0000-00-00",
)
_OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    0.5,
    -1e308,
    1e308,
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": None},
    {"a": {"a": []}},
)


_PEM = (
    "-----BEGIN CERTIFICATE-----"
    + self_signed(identity="operator-1", hosts=["concordat"], seconds=86400)
    .decode()
    .partition("-----BEGIN CERTIFICATE-----")[2]
)


def deep(levels: int) -> Any:
    """Lists in lists."""
    found: Any = []
    for _ in range(levels):
        found = [found]
    return found


class Mangler:
    """Changes an object at random."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def anything(self) -> Any:
        """A value of any shape."""
        match self._chance.randrange(12):
            case 0 | 1 | 2:
                return self._chance.choice(_NUMBERS)
            case 3 | 4 | 5 | 6:
                return self._chance.choice(_TEXTS)
            case 7:
                return deep(self._chance.choice((3, 60, 250)))
            case 8:
                return {self._chance.choice(_TEXTS): self.anything() for _ in range(3)}
            case 9:
                return [self.anything() for _ in range(3)]
        return deepcopy(self._chance.choice(_OTHERS))

    def like(self, value: Any) -> Any:
        """An odd value of the same type, as the API server lets it into a field of a kind it knows."""
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return self._chance.choice(_NUMBERS)
        if isinstance(value, str):
            return self._chance.choice(_TIMES) if _TIME.match(value) and self._chance.random() < 0.5 else self.text()
        if isinstance(value, list):
            return self._chance.choice(([], deepcopy(value) + value, value[:1]))
        return {}

    def text(self) -> str:
        """Any text, often JSON of any shape."""
        if self._chance.random() < 0.5:
            return self._chance.choice(_TEXTS)
        return json.dumps(self.anything())

    def mangle(self, found: Any, *, typed: bool) -> None:
        """Replace, drop or double something in ``found``; with ``typed``, without leaving its types."""
        for _ in range(self._chance.choice((1, 1, 1, 2, 4))):
            places = list(_places(found))
            if not places:
                return
            inside, key = self._chance.choice(places)
            if (isinstance(inside, list) and key >= len(inside)) or (isinstance(inside, dict) and key not in inside):
                continue  # went with what was changed before
            chance = self._chance.random()
            if chance < 0.15:
                del inside[key]
            elif chance < 0.25 and isinstance(inside, list):
                inside.append(deepcopy(inside[key]))
            elif chance < 0.3 and not typed and isinstance(inside, dict):
                inside[self._chance.choice(_TEXTS)] = self.anything()
            else:
                inside[key] = self.like(inside[key]) if typed else self.anything()


def _places(found: Any) -> Iterator[tuple[Any, Any]]:
    """Every key of every map and every index of every list inside."""
    keys: Sequence[Any] = (
        list(found) if isinstance(found, dict) else range(len(found)) if isinstance(found, list) else ()
    )
    for key in keys:
        yield found, key
        yield from _places(found[key])


class Memory:
    """In place of the API server: takes every write, and answers as one does."""

    def __init__(self) -> None:
        self.version = 1000
        self.statuses: dict[tuple[str, str, str], Any] = {}
        self.written: dict[tuple[str, str, str], Object] = {}
        self.parents: dict[tuple[str, str, str], Object] = {}

    def next_version(self) -> str:
        self.version += 1
        return str(self.version)

    async def create(self, kind: Kind, manifest: Manifest) -> Object:
        return self._wrote(kind, manifest, "Update")

    async def apply(self, kind: Kind, manifest: Manifest, *, force: bool) -> Object:
        return self._wrote(kind, manifest, "Apply")

    def _wrote(self, kind: Kind, manifest: Mapping[str, Any], operation: str) -> Object:
        metadata = manifest["metadata"]
        place = kind.kind, metadata["namespace"], metadata["name"]
        fields = {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:replicas": {}, "f:template": {}}}
        entry = {"manager": conventions.FIELD_MANAGER, "operation": operation, "fieldsV1": fields}
        self.written[place] = orjson.loads(orjson.dumps(manifest)) | {
            "metadata": {
                **metadata,
                "uid": f"uid-{'-'.join(place)}",
                "resourceVersion": self.next_version(),
                "managedFields": [entry],
            }
        }
        return deepcopy(self.written[place])

    async def patch(self, kind: Kind, namespace: str, name: str, operations: Sequence[Mapping[str, Any]]) -> Object:
        return await self.read(kind, namespace, name)

    async def delete(self, kind: Kind, namespace: str, name: str, *, uid: str) -> None:
        self.written.pop((kind.kind, namespace, name), None)

    async def read(self, kind: Kind, namespace: str, name: str) -> Object:
        found = await self.find(kind, namespace, name)
        if found is None:
            raise ApiError(404, "not found", reason="NotFound")
        return found | {"metadata": found["metadata"] | {"resourceVersion": self.next_version()}}

    async def find(self, kind: Kind, namespace: str, name: str) -> Object | None:
        place = kind.kind, namespace, name
        return deepcopy(self.parents.get(place) or self.written.get(place))

    async def read_whole(self, kind: Kind, namespace: str, name: str) -> Object:
        return await self.read(kind, namespace, name)

    async def patch_status(
        self, kind: Kind, namespace: str, name: str, status: Mapping[str, Any], *, uid: str
    ) -> Object:
        place = kind.kind, namespace, name
        self.statuses[place] = {**self.statuses.get(place, {}), **orjson.loads(orjson.dumps(status))}
        parent = self.parents[place]
        return {"metadata": {**parent["metadata"], "resourceVersion": self.next_version()}}


class HereAssessor:
    """Answers in this process."""

    async def ask(self, question: Question | Callable[[], Awaitable[Question]], *, namespace: str = "") -> Assessment:
        asked = await question() if callable(question) else question
        found = _assessed(asked.model_dump_json(exclude={"document", "before"}), _text(asked.document), asked.before)
        if not found.normal:
            return found
        return found.model_copy(update={"normal": "", "packed": gzip.compress(found.normal.encode(), mtime=0)})

    async def close(self) -> None: ...


def _text(document: str | bytes) -> str | bytes:
    return document


@lru_cache(maxsize=4096)
def _assessed(rest: str, document: str | bytes, before: tuple[str | bytes, ...]) -> Assessment:
    return assess(Question(document=document, before=before, **json.loads(rest)))


class Faults:
    """What went wrong, each kind once with an example."""

    def __init__(self) -> None:
        self.count = 0
        self.examples: dict[str, str] = {}
        self.kinds: Counter[str] = Counter()

    def add(self, where: str, error: BaseException) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        last = next((one for one in reversed(frames) if "/concordat" in one.filename), frames[-1])
        kind = f"{where}: {type(error).__name__} at {last.filename.rpartition('/')[2]}:{last.lineno}"
        self.count += 1
        self.kinds[kind] += 1
        self.examples.setdefault(kind, "".join(traceback.format_exception(error))[-3000:])


class Fuzz:
    """One engine, and what is thrown at it."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.mangler = Mangler(self.chance)
        self.memory = Memory()
        self.faults = Faults()
        self.inputs: Counter[str] = Counter()
        self.passed_over = 0
        self.engine = Engine(
            cast(Client, self.memory),
            Settings(platform=Platform(conformance_image="registry.example.com/conformance:1")),
        )
        self.engine._watches.installed = frozenset(kind.kind for kind in kinds.ALL if kind.optional)
        self.engine.synced = True
        here: Any = HereAssessor()
        self.engine._gatekeeper.assessor = self.engine.foresight.assessor = here
        self.admission = Admission(self.engine)
        sinks = [
            (MICROSERVICE, self.engine.parents.within(None)),
            (SERVICE_CONTRACT, self.engine.contracts.within(None)),
            (POD, self.engine.trials),
            *((kind, self.engine._store(kind, None)) for kind in kinds.ALL),
        ]
        self._sinks: dict[str, Any] = {kind.kind: sink for kind, sink in sinks}
        self.informers: dict[str, Informer[Any]] = {
            kind.kind: Informer(cast(Client, self.memory), kind, cast(Any, sink)) for kind, sink in sinks
        }
        self._healthy: list[tuple[str, Object]] = []

    async def run(self, inputs: int) -> None:
        """Throw ``inputs`` objects."""
        await self._settle()
        throws: tuple[tuple[int, Callable[[], Awaitable[None]]], ...] = (
            (50, self._object),
            (10, self._listed),
            (10, self._asked),
            (5, self._lease),
            (1, self._bundle),
            (3, self._register),
            (4, self._stored),
        )
        weights = [weight for weight, _ in throws]
        while self.inputs.total() < inputs:
            throw = self.chance.choices([one for _, one in throws], weights)[0]
            await throw()
            if self.inputs.total() % PASS_EVERY == 0:
                await self._pass()
            if self.inputs.total() % (PASS_EVERY * 8) == 0:
                self._restore()

    # --- a healthy world ------------------------------------------------------------------------------------------------

    async def _settle(self) -> None:
        for item in _authored():
            self._deliver(item["kind"], self._stamped(item), typed=True)
        for _ in range(3):
            await self._pass()
            for (kind, namespace, name), status in self.memory.statuses.items():
                parent = self.memory.parents[kind, namespace, name]
                parent["status"] = {key: value for key, value in status.items() if value is not None}
        for place, found in self.memory.parents.items():
            ready = {one["type"]: one for one in found["status"]["conditions"]}[_SOUND[place[0]]]
            assert ready["status"] == "True", f"{place} is not healthy to begin with: {ready}"
        contract = self.memory.parents[conventions.SERVICE_CONTRACT, "shop", "orders-api"]
        contract["status"]["consents"].append({"namespace": "before", "until": "2999-01-01T00:00:00Z"})
        self._healthy = [(kind, deepcopy(found)) for (kind, _, _), found in self.memory.parents.items()]
        for (kind, namespace, name), found in self.memory.written.items():
            whole = deepcopy(found)
            if kind == "Deployment":
                whole["status"] = deepcopy(_DEPLOYMENT_STATUS)
            if namespace and name:
                self._healthy.append((kind, whole))
        self._healthy.append(("Pod", _pod()))

    def _restore(self) -> None:
        for kind, item in self._healthy:
            self._deliver(kind, self._stamped(item), typed=True)

    def _stamped(self, item: Object) -> Object:
        found: Object = deepcopy(item)
        metadata = found["metadata"]
        metadata["resourceVersion"] = self.memory.next_version()
        metadata.setdefault("uid", f"uid-{found.get('kind')}-{metadata['namespace']}-{metadata['name']}")
        metadata.setdefault("generation", 1)
        metadata.setdefault("creationTimestamp", "2026-01-01T00:00:00Z")
        return found

    # --- what is thrown -------------------------------------------------------------------------------------------------

    def _mangled(self) -> tuple[str, Object, bool]:
        ours = self.chance.random() < 0.4
        kind, healthy = self.chance.choice([one for one in self._healthy if (one[0] in _SOUND) is ours])
        item = self._stamped(healthy)
        typed = self.chance.random() < 0.8
        metadata, rest = item["metadata"], {name: item[name] for name in ("spec", "status") if name in item}
        identity = {name: metadata.pop(name) for name in _IDENTITY if name in metadata}
        if self.chance.random() < 0.5:
            self._annotate(metadata)
        if self.chance.random() < 0.4:
            self.mangler.mangle(metadata, typed=typed)
        if "status" in rest and self.chance.random() < 0.3:
            self.mangler.mangle(rest["status"], typed=True)
        elif rest and self.chance.random() < 0.8:
            self.mangler.mangle(rest, typed=typed and not ours)
        if typed and self.chance.random() < 0.2:
            self._odd_ownership(metadata)
        if ours:
            metadata["generation"] = self.chance.choice((1, 1, 2, 3)) if typed else metadata.get("generation", 1)
        for name in ("spec", "status"):
            item.pop(name, None)
        return kind, item | rest | {"metadata": metadata | identity}, typed

    def _annotate(self, metadata: Object) -> None:
        name = self.chance.choice(_ANNOTATIONS)
        metadata["annotations"] = {**(metadata.get("annotations") or {}), name: self._said(name)}

    def _said(self, name: str) -> str:
        if name != conventions.ANNOTATION_CONSUMES or self.chance.random() < 0.3:
            return self.mangler.text()
        said = {
            "shop/orders-api": {"createPayment": ["id", "state"]},
            "tokens": {"shop/orders-api": {"issuer": "https://a.example.com", "audience": "b", "scopes": ["c"]}},
        }
        self.mangler.mangle(said, typed=False)
        return json.dumps(said)

    def _odd_ownership(self, metadata: Object) -> None:
        entry = {"manager": conventions.FIELD_MANAGER, "operation": "Apply", "fieldsV1": self.mangler.anything()}
        if not isinstance(entry["fieldsV1"], dict):
            entry["fieldsV1"] = {"f:spec": entry["fieldsV1"]}
        metadata["managedFields"] = self.chance.choice(
            ([], [entry], [{"manager": conventions.FIELD_MANAGER}], [entry, {}])
        )

    async def _object(self) -> None:
        kind, item, typed = self._mangled()
        self.inputs[kind] += 1
        self._deliver(kind, item, typed=typed, event=self.chance.choice(("MODIFIED",) * 9 + ("DELETED",)))

    async def _listed(self) -> None:
        kind, item, typed = self._mangled()
        self.inputs[kind] += 1
        self._guarded(kind, typed, lambda sink: sink.take(item))

    async def _asked(self) -> None:
        """An AdmissionReview; bodies that are none are refused by exceptions the webhook names."""
        kind, item, _ = self._mangled()
        before = self.chance.choice(self._healthy)[1]
        metadata = item["metadata"]
        operation = self.chance.choice(("CREATE", "UPDATE", "DELETE"))
        asked: Object = {
            "uid": "u",
            "kind": {"kind": kind},
            "namespace": metadata.get("namespace"),
            "name": metadata.get("name"),
            "operation": operation,
            "userInfo": {"username": "somebody"},
            "object": None if operation == "DELETE" else item,
            "oldObject": None if operation == "CREATE" else deepcopy(before),
        }
        if self.chance.random() < 0.5:
            self.mangler.mangle(asked, typed=False)
        self.inputs["AdmissionReview"] += 1
        try:
            question = Asked.of(asked, believed=self.chance.random() < 0.5)
        except (KeyError, TypeError, AttributeError):
            return
        except Exception as error:
            self.faults.add("admission", error)
            return
        await self._tried("admission", lambda: self.admission.judge(question))

    async def _lease(self) -> None:
        lease: Object = {
            "metadata": {"name": "concordat", "namespace": "shop", "resourceVersion": "1"},
            "spec": {
                "holderIdentity": "other",
                "leaseDurationSeconds": 15,
                "renewTime": "2026-01-01T00:00:00.000000Z",
                "acquireTime": "2026-01-01T00:00:00.000000Z",
                "leaseTransitions": 1,
            },
        }
        self.mangler.mangle(lease, typed=False)
        self.inputs["Lease"] += 1

        class Answers:
            async def send(self, method: str, path: str, body: Any = None) -> Any:
                return body if method == "PUT" else dict(lease)

        async def attempts() -> None:
            election = Election(cast(Client, Answers()), namespace="shop", name="concordat", identity="me")
            await election._attempt()
            await election._attempt()
            await election.release()

        await self._tried("lease", attempts)

    async def _bundle(self) -> None:
        """The certificates an API server is told to believe, as others left them."""
        cut = self.chance.randrange(len(_PEM))
        pieces = [self.mangler.text(), _PEM, _PEM[:cut], _PEM[:cut] + self.mangler.text()[:200] + _PEM[cut:]]
        self.chance.shuffle(pieces)
        self.inputs["caBundle"] += 1

        async def cleared() -> None:
            bundle("\n".join(pieces[:3]), certificates(_PEM), now=self.chance.choice((0.0, 2e9, 1e12)))

        await self._tried("bundle", cleared)

    async def _register(self) -> None:
        found: Object = {
            "format": "concordat.dev/contracts/1",
            "contracts": {
                "shop/orders-api": {
                    "type": "openapi",
                    "versions": [{"version": "1.4.0", "digest": "0" * 64, "packed": base64.b64encode(b"x").decode()}],
                    "usages": {"shop/a": {"createPayment": ["id"]}},
                }
            },
        }
        self.mangler.mangle(found, typed=False)
        self.inputs["register"] += 1

        async def read() -> None:
            try:
                register = Register.parse(json.dumps(found))
                for published in register.contracts.values():
                    for accepted in published.versions:
                        _ = accepted.document
            except InvalidInput:
                return

        await self._tried("register", read)

    async def _stored(self) -> None:
        """The ConfigMap of an accepted version, as somebody altered it."""
        places = [place for place in self.memory.written if place[0] == "ConfigMap"]
        self.inputs["ConfigMap content"] += 1
        if not places:
            return
        place = self.chance.choice(places)
        healthy = self.memory.written[place]
        altered = deepcopy(healthy)
        self.mangler.mangle({name: altered[name] for name in ("data", "binaryData") if name in altered}, typed=False)
        self.memory.written[place] = altered
        library = self.engine._gatekeeper._library
        library._remembered.clear()
        library._size = 0
        for known in list(self.engine.contracts):
            for version in known.status.versions:
                name = version.config_map and place[2]
                stands_there = version.model_copy(update={"config_map": name})
                await self._tried(
                    "stored version",
                    lambda k=known, v=stands_there: library.stored(k.key.namespace, v),  # type: ignore[misc]
                )
        self.memory.written[place] = healthy

    # --- how it arrives -------------------------------------------------------------------------------------------------

    def _deliver(self, kind: str, item: Object, *, typed: bool, event: str = "MODIFIED") -> None:
        metadata = item["metadata"]
        if kind in (conventions.MICROSERVICE, conventions.SERVICE_CONTRACT) and event != "DELETED":
            self.memory.parents[kind, metadata["namespace"], metadata["name"]] = item
        self._guarded(kind, typed, lambda sink: sink.observe(event, item))

    def _guarded(self, kind: str, typed: bool, read: Callable[[Any], object]) -> None:
        """As the informer does it: what it passes over must not have been an object the API server lets in."""
        try:
            read(self._sinks[kind])
        except Exception as error:
            self.passed_over += 1
            if typed:
                self.faults.add(f"watch of {kind}", error)

    async def _pass(self) -> None:
        keys = [known.key for known in self.engine.contracts] + [parent.key for parent in self.engine.parents]
        for key in keys:
            await self._tried("pass", lambda k=key: self._reconciled(k))  # type: ignore[misc]

    async def _reconciled(self, key: Key) -> None:
        try:
            await self.engine._responsible(key).reconcile(key)
        except ApiError:
            return

    async def _tried(self, where: str, trial: Callable[[], Awaitable[object]]) -> None:
        try:
            await trial()
        except Exception as error:
            self.faults.add(where, error)


_ANNOTATIONS = tuple(
    value
    for name, value in sorted(vars(conventions).items())
    if name.startswith("ANNOTATION_") and isinstance(value, str)
)
_DEPLOYMENT_STATUS = {
    "replicas": 2,
    "readyReplicas": 2,
    "updatedReplicas": 2,
    "availableReplicas": 2,
    "observedGeneration": 1,
    "conditions": [
        {"type": "Progressing", "status": "True", "reason": "r", "message": "m"},
        {"type": "ReplicaFailure", "status": "False", "reason": "r", "message": "m"},
    ],
}


_SOUND = {conventions.MICROSERVICE: conventions.RECONCILED, conventions.SERVICE_CONTRACT: conventions.VALID}
"""What must be true of the world before anything is thrown at it."""
_SECRET = {"name": "orders-api-conformance", "key": "token"}


def _authored() -> Iterator[Object]:
    """Two namespaces: one that provides, one that consumes."""
    yield {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": "orders-api", "namespace": "shop"},
        "spec": {
            "type": "openapi",
            "version": "1.4.0",
            "document": {"inline": OLD},
            "access": {"namespaces": ["payments"]},
            "objectives": [{"name": "availability", "target": 99.9}],
            "externalConsumers": [{"name": "partner", "uses": [{"operation": "listPayments"}], "scopes": []}],
            "auth": {"issuer": "https://login.example.com", "scopes": {"createPayment": ["pay"]}},
            "conformance": {"schedule": "0 3 * * *", "headers": [{"name": "A", "secret": _SECRET}]},
        },
    }
    yield microservice(
        "orders",
        "shop",
        provides=["orders-api"],
        health={"live": "/healthz", "ready": "/readyz"},
        env=[{"name": "LOG_LEVEL", "value": "info"}],
        routing={"hosts": ["orders.example.com"]},
        scaling={"min": 2, "max": 4},
        resources={"cpu": "250m", "memory": "256Mi"},
        objectives=[{"name": "availability", "target": 99.9}],
        egress=[{"cidr": "203.0.113.0/24", "port": 443}],
        access={"namespaces": ["payments"]},
    )
    use = {"operation": "createPayment", "reads": ["id", "state"]}
    yield microservice(
        "payments",
        "payments",
        consumes=[
            {"contract": "shop/orders-api", "uses": [use], "scopes": ["pay"], "retries": 1},
            {"service": "shop/orders"},
        ],
    )


def _pod() -> Object:
    message = {
        "breaches": [{"operation": "GET /a", "check": "c", "message": "m", "reproducer": "curl"}],
        "requests": 1,
        "operations": 1,
        "unanswered": ["GET /b"],
        "unusable": "",
        "left_out": 0,
        "version": "1.4.0",
    }
    ended = {"exitCode": 1, "message": json.dumps(message), "finishedAt": "2026-01-01T00:00:00Z"}
    return {
        "kind": "Pod",
        "metadata": {
            "name": "trial",
            "namespace": "shop",
            "labels": {conventions.LABEL_TRIES: object_name("orders-api")},
        },
        "status": {"containerStatuses": [{"name": "trial", "state": {"terminated": ended}}]},
    }


async def thrown(seed: int, inputs: int) -> Fuzz:
    """A run."""
    fuzz = Fuzz(seed)
    await fuzz.run(inputs)
    return fuzz


def _share(seed: int, inputs: int) -> tuple[dict[str, int], int, dict[str, int], dict[str, str]]:
    logging.disable(logging.CRITICAL)
    fuzz = asyncio.run(thrown(seed, inputs))
    return dict(fuzz.inputs), fuzz.faults.count, dict(fuzz.faults.kinds), fuzz.faults.examples


def fuzzed(inputs: int = INPUTS) -> Iterator[Mapping[str, Any]]:
    """Both figures, of one run in two processes."""
    thrown_at: Counter[str] = Counter()
    faults, found, examples = 0, Counter[str](), dict[str, str]()
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        shares = pool.map(_share, range(1, PROCESSES + 1), [-(-inputs // PROCESSES)] * PROCESSES)
        for counts, count, by_kind, shown in shares:
            thrown_at.update(counts)
            found.update(by_kind)
            faults += count
            examples |= shown
    yield at_least("fuzz_inputs", thrown_at.total(), INPUTS, "objects", by_kind=dict(sorted(thrown_at.items())))
    yield at_most(
        "fuzz_internal_errors",
        faults,
        0,
        "errors",
        kinds=dict(found.most_common()),
        examples=list(examples.values())[:3],
    )


FIGURES: tuple[Callable[[], Iterator[Mapping[str, Any]]], ...] = (fuzzed,)


def main() -> None:
    """``python -m tests.safety.fuzz SEED INPUTS``: one run, with what it found."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("inputs", type=int)
    chosen = parser.parse_args()
    counts, count, by_kind, examples = _share(chosen.seed, chosen.inputs)
    for example in examples.values():
        print(example[-1800:])
    print(json.dumps({"inputs": counts, "internal_errors": count, "kinds": by_kind}, indent=1))


if __name__ == "__main__":
    main()
