"""
No input ends as an internal error: a sample of the run that ``make figures GROUP=safety`` makes whole, and what it found.
"""

import base64
import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from concordat.api import Microservice, ServiceContract, parse_contract
from concordat.api.contract_status import Consent
from concordat.cluster.children import ChildStore, child
from concordat.cluster.connection.client import Client, Listing
from concordat.cluster.informer import Informer
from concordat.cluster.ownership import ownership
from concordat.cluster.trust import Trust, certificates
from concordat.errors import InvalidInput, Rejected
from concordat.facts import Platform
from concordat.gate.consent import GRACE, next_end, renewed
from concordat.gate.register import Accepted
from concordat.manifest import conventions
from concordat.manifest.conventions import FIELD_MANAGER
from concordat.reconcile.document_store import _believed
from concordat.resources import kinds
from concordat.world import usage
from concordat.world.conformance import Trials
from concordat.world.decisive import decisive
from concordat.world.keys import Key
from tests.safety.fuzz import Fuzz, deep

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of lines about what was passed over help nobody."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


async def test_no_mangled_object_ends_as_an_internal_error() -> None:
    """Every parser, every pass and every review, over objects of any shape."""
    fuzz = Fuzz(seed=20)
    await fuzz.run(8_000)
    assert fuzz.faults.examples == {}
    assert len(fuzz.inputs) >= 15


async def test_a_planted_defect_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An annotation of a Deployment whose types are believed, as one was, does not survive the run."""
    monkeypatch.setattr(usage, "_usage", lambda said: {name: said[name] and tuple(said[name]) for name in said})
    fuzz = Fuzz(seed=20)
    await fuzz.run(12_000)
    assert any(kind.startswith(("pass:", "watch of Deployment:")) for kind in fuzz.faults.kinds)


def managed(fields: Any, **entry: Any) -> dict[str, Any]:
    return {"managedFields": [{"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields, **entry}]}


@pytest.mark.parametrize(
    "metadata",
    [
        managed({"f:spec": 5}),
        managed({"f:spec": {"f:a": deep(300)}}),
        managed([]),
        managed(None),
        {"managedFields": [{"manager": FIELD_MANAGER}, None, 5]},
    ],
)
def test_managed_fields_of_any_shape_are_read(metadata: dict[str, Any]) -> None:
    """Whoever may write an object may write its managedFields; what they say is at worst that nothing is ours."""
    assert len(ownership(metadata).fingerprint) in (0, 16)


@pytest.mark.parametrize("odd", [None, "2", -1, 2.5, [], {}, True])
def test_counts_in_the_status_of_a_deployment_are_numbers_from_zero_on(odd: Any) -> None:
    """What is no count counts as none."""
    names = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas", "observedGeneration")
    item = {
        "metadata": {"name": "a", "namespace": "b", "uid": "c", "resourceVersion": "1"},
        "spec": {},
        "status": dict.fromkeys(names, odd) | {"conditions": [odd, {"message": odd}]},
    }
    workload = child(kinds.DEPLOYMENT, item).workload
    assert workload is not None
    assert min(workload.total, workload.ready, workload.updated, workload.available, workload.observed_generation) >= 0
    assert isinstance(workload.rolled_out, bool)


@pytest.mark.parametrize("odd", [[], 5, "x", {"concordat.dev/paused": 5}, {"concordat.dev/paused": []}])
def test_annotations_of_a_review_may_have_any_shape(odd: Any) -> None:
    """A review may come from anybody; the API server's own always hold text."""
    assert not decisive({"annotations": odd, "generation": "x"}).paused
    assert not Microservice.of_metadata({"annotations": odd})["paused"]
    assert not ServiceContract.of_metadata({"annotations": odd})["paused"]


def test_a_bundle_of_certificates_holds_any_text() -> None:
    """What is no certificate is left out; it does not end the task that keeps ours."""
    assert certificates("-----BEGIN CERTIFICATE-----\n\U0001f600\n-----END CERTIFICATE-----") == []


def test_an_exported_version_that_is_no_base64_is_refused_by_name() -> None:
    """Also when it holds letters beyond ASCII."""
    with pytest.raises(InvalidInput, match="is damaged"):
        _ = Accepted(version="1.0.0", digest="0", packed="\U0001f600").document


@pytest.mark.parametrize("held", [{"data": []}, {"binaryData": {conventions.DOCUMENT_KEY: 5}}, {"binaryData": "x"}])
def test_a_stored_version_of_any_shape_is_not_believed(held: dict[str, Any]) -> None:
    """It counts as gone."""
    try:
        assert _believed(held, "0" * 64) is None
    except Rejected:
        pytest.fail("a stored version is nobody's document to be refused")


@pytest.mark.parametrize(
    "issuer", ["http://[", "https://[::1", "https://id.example.com:9999999", "https://a..", "", "https://\u2100.b.c"]
)
def test_an_issuer_in_a_forged_status_is_never_allowed_and_never_an_error(issuer: str) -> None:
    """The status of one contract must not end the passes of its consumers in other namespaces."""
    assert not Platform().allows_issuer(issuer)


def test_times_of_a_pod_are_text_whatever_stands_there() -> None:
    """They are compared with those of other trials."""
    trials = Trials(lambda _namespace, _name: None)
    trials.observe("ADDED", trial("2026-12-01T10:00:00Z", "2026-12-01T10:01:00Z", 1))
    odd = trial("2026-12-01T10:00:00Z", "2026-12-01T10:01:00Z", 1)
    odd["metadata"]["creationTimestamp"] = 5
    odd["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] = []
    trials.observe("MODIFIED", odd)


# --- consent and the clock ----------------------------------------------------------------------------------------------


def shut() -> Any:
    spec = {"type": "openapi", "version": "1.0.0", "document": {"inline": "{}"}}
    return parse_contract(
        {
            "apiVersion": conventions.API_VERSION,
            "kind": conventions.SERVICE_CONTRACT,
            "metadata": {"name": "a", "namespace": "b"},
            "spec": spec,
        }
    )


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59Z", "2026-99-99T99:99:99Z", "2026-12-01T99:99:99Z"])
def test_no_grace_of_withdrawn_consent_ends_later_than_a_day_from_now(until: str) -> None:
    """Whatever was recorded, by a clock that was eight days ahead or by somebody else; a time that does not exist is no error."""
    recorded = (Consent(namespace="other", until=until),)
    assert 0 <= (next_end(recorded, NOW) or 0)
    (kept,) = renewed(shut(), recorded, NOW)
    assert kept.until <= (NOW + GRACE).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_clock_that_jumps_eight_days_and_back_leaves_a_grace_of_a_day_at_most() -> None:
    """Ahead, the grace is over; back, it has not become longer."""
    recorded = renewed(shut(), (Consent(namespace="other"),), NOW)
    assert renewed(shut(), recorded, NOW + timedelta(days=8)) == ()
    assert (
        next_end(renewed(shut(), recorded, NOW - timedelta(days=8)), NOW - timedelta(days=8)) == GRACE.total_seconds()
    )


DAY = 86400.0


class Configuration:
    """In place of the API server: the bundle it was told to believe."""

    def __init__(self) -> None:
        self.bundle = ""

    async def send(self, method: str, path: str, body: Any = None, **_: Any) -> Any:
        if method == "PATCH":
            self.bundle = body[1]["value"]
        config = {"caBundle": self.bundle}
        return {"metadata": {"resourceVersion": "1"}, "webhooks": [{"clientConfig": config}]}


@pytest.mark.parametrize(("days", "renewed_at_once"), [(8, True), (-8, True), (1, False), (0, False)])
async def test_a_certificate_is_made_anew_when_the_clock_jumps(days: int, renewed_at_once: bool) -> None:
    """Ahead, it has run out; back, nobody else believes it yet. What is published is then what is shown."""
    clock = time.time()
    configuration, shown = Configuration(), []
    trust = Trust(
        cast(Client, configuration),
        configuration="c",
        identity="first",
        hosts=["a"],
        spreads=0.0,
        now=lambda: clock,
    )
    await trust.begin(shown.append)
    clock += days * DAY
    await trust._step(shown.append)
    assert (len(shown) == 2) is renewed_at_once
    believed = base64.b64decode(configuration.bundle).decode()
    assert shown[-1].certificate.pem in believed


def trial(created: str, finished: str, requests: int) -> dict[str, Any]:
    verdict = {"breaches": [], "requests": requests, "operations": 1, "unanswered": [], "unusable": ""}
    ended = {"message": json.dumps(verdict), "finishedAt": finished}
    return {
        "metadata": {
            "name": "a",
            "namespace": "shop",
            "creationTimestamp": created,
            "labels": {conventions.LABEL_TRIES: "orders-api"},
        },
        "status": {"containerStatuses": [{"state": {"terminated": ended}}]},
    }


def test_the_clock_of_a_node_does_not_hide_later_trials() -> None:
    """One trial ended eight days in the future, by the clock of its node; the next one counts all the same."""
    trials = Trials(lambda _namespace, _name: None)
    trials.observe("ADDED", trial("2026-12-01T10:00:00Z", "2026-12-09T10:01:00Z", 1))
    trials.observe("ADDED", trial("2026-12-01T11:00:00Z", "2026-12-01T11:01:00Z", 2))
    trials.observe("MODIFIED", trial("2026-12-01T10:00:00Z", "2026-12-09T10:01:00Z", 1))
    latest = trials.latest(Key(conventions.SERVICE_CONTRACT, "shop", "orders-api"))
    assert latest is not None
    assert latest.verdict.requests == 2


# --- one bad object -----------------------------------------------------------------------------------------------------


async def test_one_object_that_cannot_be_read_ends_neither_a_list_nor_a_watch() -> None:
    """Passed over, with a line in the log; all others are seen."""
    store = ChildStore(kinds.SERVICE)
    good = {"metadata": {"name": "good", "namespace": "shop", "uid": "u", "resourceVersion": "5"}}
    later = {"metadata": {"name": "later", "namespace": "shop", "uid": "v", "resourceVersion": "7"}}
    bad: dict[str, Any] = {"metadata": {"name": 5, "namespace": [], "resourceVersion": "6"}}

    class Server:
        async def list(self, kind: Any, take: Any, **_: Any) -> Any:
            return Listing(items=[take(bad), take(good)], resource_version="5")

        async def watch(self, kind: Any, **_: Any) -> Any:
            yield "ADDED", bad
            yield "ADDED", later

    informer = Informer(cast(Client, Server()), kinds.SERVICE, store)
    await informer._list()
    await informer._watch()
    assert {found.name for found in store} == {"good", "later"}
