"""
Who is queued when what changes, and what the neighbours are: without an API server.
"""

from decimal import Decimal
from typing import Any

import pytest

from concordat.api import Microservice, MicroserviceStatus, ServiceContractStatus
from concordat.cluster.workqueue import Lane
from concordat.facts import Consumer, Facts, Platform, Retried
from concordat.manifest import conventions
from concordat.world.contracts import Contracts
from concordat.world.contracts import known as contract_known
from concordat.world.gather import Neighbours, gather
from concordat.world.keys import Key
from concordat.world.microservice_record import observation
from concordat.world.microservices import Parents
from tests.engine.rig import microservice

CLAIM: dict[str, Any] = {"routing": {"hosts": ["orders.example.com"]}}


class World:
    """Parents and what they queue."""

    def __init__(self) -> None:
        self.queued: list[tuple[str, Lane]] = []
        self.parents = Parents(self._queue)
        self._version = 100

    def _queue(self, key: Key, lane: Lane) -> None:
        if (
            key.kind == conventions.MICROSERVICE and (str(key), lane) not in self.queued
        ):  # as in the queue, each waits once;
            self.queued.append((str(key), lane))  # contracts hear of those who provide and use them as well

    def put(self, name: str, *, namespace: str = "shop", generation: int = 1, **changes: Any) -> None:
        metadata = changes.pop("metadata", {})
        status = changes.pop("status", {})
        item = microservice(name, namespace, **changes)
        self._version += 1
        item["metadata"] |= {
            "uid": f"uid-{namespace}-{name}",
            "generation": generation,
            "resourceVersion": str(self._version),
            "creationTimestamp": f"2026-01-01T00:00:{self._version % 60:02}Z",
            **metadata,
        }
        self.parents.observe("MODIFIED", item | {"status": status})

    def drop(self, name: str, namespace: str = "shop") -> None:
        item = microservice(name, namespace)
        item["metadata"] |= {"uid": f"uid-{namespace}-{name}", "resourceVersion": "9999"}
        self.parents.observe("DELETED", item)

    def heard(self) -> set[str]:
        found, self.queued = {key for key, _ in self.queued}, []
        return found

    def service(self, name: str, namespace: str = "shop") -> Microservice:
        parent = self.parents.find(Key(conventions.MICROSERVICE, namespace, name))
        assert parent is not None
        assert parent.service is not None
        return parent.service

    def facts(self, name: str, namespace: str = "shop") -> Facts:
        service = self.service(name, namespace)
        return gather(service, Neighbours(parents=self.parents), platform=Platform(), installed=frozenset())


def test_a_person_s_edit_is_urgent_and_its_consequences_are_not() -> None:
    """The consumer waits behind the one somebody looks at."""
    world = World()
    world.put("orders", consumes=[{"service": "payments"}])
    world.queued.clear()
    world.put("payments")
    assert world.queued == [("shop/orders", Lane.BACKGROUND), ("shop/payments", Lane.URGENT)]


def test_a_list_is_background_work() -> None:
    """Two thousand services at a start hold up nobody's edit."""
    world = World()
    item = microservice("orders", "shop")
    item["metadata"] |= {"uid": "u", "generation": 1, "resourceVersion": "5", "creationTimestamp": "2026"}
    world.parents.replace([observation(item)], position=7)
    assert world.queued == [("shop/orders", Lane.BACKGROUND)]


def test_status_and_labels_queue_nobody() -> None:
    """Only what decides, and a status somebody else wrote."""
    world = World()
    world.put("orders")
    world.heard()
    world.put("orders", metadata={"labels": {"a": "b"}})
    assert world.heard() == set()
    world.put("orders", metadata={"annotations": {conventions.ANNOTATION_PAUSED: "true"}})
    assert world.heard() == {"shop/orders"}
    world.put("orders", metadata={"annotations": {conventions.ANNOTATION_PAUSED: "true"}}, status={"version": "forged"})
    assert world.heard() == {"shop/orders"}


@pytest.mark.parametrize("annotation", [conventions.ANNOTATION_PAUSED, conventions.ANNOTATION_BREAK_GLASS])
def test_an_annotation_of_ours_takes_effect_without_a_new_spec(annotation: str) -> None:
    """It moves no generation, and a person who breaks the glass at night must not have to edit the spec as well."""
    world = World()
    world.put("orders")
    world.heard()

    world.put("orders", metadata={"annotations": {annotation: "true"}})

    assert {"shop/orders"} == world.heard()
    known = world.parents.find(Key(conventions.MICROSERVICE, "shop", "orders"))
    assert known is not None
    assert known.service is not None
    assert (annotation == conventions.ANNOTATION_PAUSED) == known.paused
    assert ("true" if annotation == conventions.ANNOTATION_BREAK_GLASS else "") == known.service.break_glass


def test_what_does_not_decide_leaves_the_spec_as_it_was_planned() -> None:
    """The very same value: a plan made of it still holds."""
    world = World()
    created = {"creationTimestamp": "2026-01-01T00:00:00Z"}
    world.put("orders", metadata=created)
    before = world.service("orders")

    world.put("orders", metadata={"labels": {"a": "b"}, **created})

    assert before is world.service("orders")


@pytest.mark.parametrize("kind", [conventions.MICROSERVICE, conventions.SERVICE_CONTRACT])
@pytest.mark.parametrize("annotation", [conventions.ANNOTATION_PAUSED, conventions.ANNOTATION_BREAK_GLASS])
def test_an_annotation_set_before_our_status_write_is_not_taken_for_its_echo(kind: str, annotation: str) -> None:
    """The answer to our write tells of it; the event that brings it must still be read."""
    queued: list[str] = []
    item = {
        "metadata": {
            "name": "orders",
            "namespace": "shop",
            "uid": "u",
            "generation": 1,
            "resourceVersion": "5",
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": microservice("orders", "shop")["spec"]
        if kind == conventions.MICROSERVICE
        else {"type": "openapi", "version": "1.4.0", "document": {"inline": "openapi: 3.1.0"}},
    }
    annotated = {**item["metadata"], "annotations": {annotation: "true"}}
    if kind == conventions.MICROSERVICE:
        cache: Any = Parents(lambda key, _lane: queued.append(str(key)))
        status: Any = MicroserviceStatus(observed_generation=1)
    else:
        cache = Contracts(lambda key, _lane: queued.append(str(key)))
        status = ServiceContractStatus(observed_generation=1)
    cache.observe("ADDED", item | {"apiVersion": conventions.API_VERSION, "kind": kind})
    known = cache.find(Key(kind, "shop", "orders"))
    queued.clear()

    cache.wrote_status(known, status, annotated | {"resourceVersion": "7"})
    later = {**item, "metadata": annotated | {"resourceVersion": "7"}, "status": {"observedGeneration": 1}}
    cache.observe("MODIFIED", later | {"apiVersion": conventions.API_VERSION, "kind": kind})

    assert ["shop/orders"] == queued
    assert (annotation == conventions.ANNOTATION_PAUSED) == known.paused


def test_a_list_of_one_namespace_says_nothing_of_others() -> None:
    """With Roles alone each namespace is listed by itself."""
    world = World()
    world.put("orders")
    world.put("payments", namespace="bank")
    world.parents.within("shop").replace([], "9999")
    assert [str(parent.key) for parent in world.parents] == ["bank/payments"]


def test_a_list_from_a_restored_backup_is_believed() -> None:
    """Versions went back: what the server says now counts."""
    world = World()
    scope = world.parents.within(None)
    item = microservice("orders", "shop", image="registry.example.com/orders:2")
    item["metadata"] |= {"uid": "u", "generation": 2, "resourceVersion": "50", "creationTimestamp": "2026"}
    scope.replace([observation(item)], "60")
    older = microservice("orders", "shop", image="registry.example.com/orders:1")
    older["metadata"] |= {"uid": "u", "generation": 1, "resourceVersion": "30", "creationTimestamp": "2026"}
    scope.replace([observation(older)], "40")
    assert world.service("orders").spec.version == "1"


def test_an_older_event_is_ignored() -> None:
    """A watch that is replayed does not take us back."""
    world = World()
    world.put("orders", generation=2)
    world.heard()
    world.put("orders", generation=1, metadata={"resourceVersion": "3"})
    assert world.heard() == set()


def test_a_garbled_status_counts_as_none() -> None:
    """Somebody with rights on the subresource wrote nonsense: it is replaced, not choked on."""
    world = World()
    world.put("orders", status={"conditions": "nonsense", "observedGeneration": -3})
    parent = world.parents.find(Key(conventions.MICROSERVICE, "shop", "orders"))
    assert parent is not None
    assert parent.status.conditions == ()


def test_fingerprints_are_taken_over_from_the_status() -> None:
    """So a restart compares and writes nothing."""
    world = World()
    world.put("orders", status={"children": [{"kind": "Service", "name": "orders", "fingerprint": "abc"}]})
    parent = world.parents.find(Key(conventions.MICROSERVICE, "shop", "orders"))
    assert parent is not None
    assert {str(key): value for key, value in parent.fingerprints.items()} == {"Service/orders": "abc"}


def test_an_invalid_spec_keeps_the_last_good_one_for_its_neighbours() -> None:
    """Its children still run, so its consumers still reach it."""
    world = World()
    world.put("payments")
    world.put("orders", consumes=[{"service": "payments"}])
    world.put("payments", generation=2, team="")
    parent = world.parents.find(Key(conventions.MICROSERVICE, "shop", "payments"))
    assert parent is not None
    assert [problem.path for problem in parent.problems] == ["spec.team"]
    assert world.facts("orders").providers.keys() == {"payments"}


def test_consumers_follow_their_provider() -> None:
    """Its ports, its consent, its coming and going; nothing else of it."""
    world = World()
    world.put("orders", consumes=[{"service": "payments"}])
    world.heard()
    world.put("payments")
    assert world.heard() == {"shop/orders", "shop/payments"}
    world.put("payments", generation=2, image="registry.example.com/payments:2")
    assert world.heard() == {"shop/payments"}
    world.put("payments", generation=3, ports={"http": {"port": 9999}})
    assert world.heard() == {"shop/orders", "shop/payments"}
    world.drop("payments")
    assert world.heard() == {"shop/orders"}


def test_providers_follow_their_consumers() -> None:
    """The ingress side of an edge is the provider's."""
    world = World()
    world.put("payments")
    world.heard()
    world.put("orders", consumes=[{"service": "payments", "ports": ["http"]}])
    assert world.heard() == {"shop/orders", "shop/payments"}
    assert world.facts("payments").consumers == (Consumer(name="orders", namespace="shop", ports=("http",)),)
    world.put("orders", generation=2, consumes=[])
    assert world.heard() == {"shop/orders", "shop/payments"}
    assert world.facts("payments").consumers == ()


def test_across_namespaces_the_provider_must_consent() -> None:
    """Without consent the provider looks as if it did not exist, and its ingress stays shut."""
    world = World()
    world.put("payments", namespace="bank")
    world.put("orders", consumes=[{"service": "bank/payments"}])
    assert world.facts("orders").providers == {}
    assert world.facts("payments", "bank").consumers == ()
    world.put("payments", namespace="bank", generation=2, access={"namespaces": ["shop"]})
    assert world.facts("orders").providers.keys() == {"bank/payments"}
    assert [consumer.name for consumer in world.facts("payments", "bank").consumers] == ["orders"]


def test_a_contract_is_served_by_whoever_provides_it_first() -> None:
    """Both sides agree on one provider, also when a second one turns up or the first one goes."""
    world = World()
    world.put("payments", provides=["payments-api"])
    world.put("usurper", provides=["payments-api"])
    world.put("orders", consumes=[{"contract": "payments-api"}])
    assert world.facts("orders").providers["payments-api"].name == "payments"
    assert [consumer.name for consumer in world.facts("payments").consumers] == ["orders"]
    assert world.facts("usurper").consumers == ()
    world.heard()
    world.drop("payments")
    assert world.heard() == {"shop/orders", "shop/usurper"}
    assert world.facts("orders").providers["payments-api"].name == "usurper"


def test_the_oldest_claim_of_a_host_that_nobody_holds_wins() -> None:
    """And the next one is told when it is given up."""
    world = World()
    routing = {"hosts": ["orders.example.com"]}
    world.put("orders", routing=routing)
    world.put("thief", namespace="evil", routing=routing)
    assert world.facts("orders").taken_hosts == {}
    assert world.facts("thief", "evil").taken_hosts == {"orders.example.com": "shop/orders"}
    world.heard()
    world.drop("orders")
    assert world.heard() == {"evil/thief"}
    assert world.facts("thief", "evil").taken_hosts == {}


def test_who_holds_a_host_keeps_it() -> None:
    """Against an old Microservice that claims it today, whatever order they are read in after a restart."""
    world = World()
    world.put("veteran", namespace="evil", metadata={"creationTimestamp": "2011-01-01T00:00:00Z"}, **CLAIM)
    world.put("orders", **CLAIM, status={"hosts": ["orders.example.com"]})
    assert world.facts("orders").taken_hosts == {}
    assert world.facts("veteran", "evil").taken_hosts == {"orders.example.com": "shop/orders"}


def test_a_host_is_held_until_the_route_is_without_it() -> None:
    """What the spec gave up is still served; the next one is told when the status says that it is gone."""
    world = World()
    world.put("orders", **CLAIM, status={"hosts": ["orders.example.com"]})
    world.put("heir", **CLAIM)
    world.put("orders", generation=2, status={"hosts": ["orders.example.com"]})
    assert world.facts("heir").taken_hosts == {"orders.example.com": "shop/orders"}
    world.heard()
    world.put("orders", generation=2, status={"hosts": []})
    assert "shop/heir" in world.heard()
    assert world.facts("heir").taken_hosts == {}


def test_a_status_written_for_one_that_is_gone_holds_nothing() -> None:
    """The answer to a write may come after the news of the deletion."""
    world = World()
    world.put("orders", **CLAIM)
    orders = world.parents.find(Key(conventions.MICROSERVICE, "shop", "orders"))
    assert orders is not None
    world.drop("orders")
    answer = {"resourceVersion": "10000", "generation": 1}
    world.parents.wrote_status(orders, MicroserviceStatus(hosts=("orders.example.com",)), answer)
    world.put("heir", **CLAIM)
    assert world.facts("heir").taken_hosts == {}


def test_a_microservice_being_deleted_is_nobody_s_neighbour() -> None:
    """It waits for a finalizer of somebody else; what it offered is gone."""
    world = World()
    world.put("payments")
    world.put("orders", consumes=[{"service": "payments"}])
    world.heard()
    world.put("payments", metadata={"deletionTimestamp": "2026-11-22T11:12:13Z"})
    assert world.facts("orders").providers == {}
    assert "shop/orders" in world.heard()


def test_an_edit_that_our_own_status_write_overtakes_is_not_lost() -> None:
    """The answer is newer than the edit's event: the event counts all the same, what it says of the status does not."""
    world = World()
    world.put("orders")
    parent = world.parents.find(Key(conventions.MICROSERVICE, "shop", "orders"))
    assert parent is not None
    written = MicroserviceStatus(observed_generation=1, version="1.4.2")
    world.parents.wrote_status(parent, written, {"resourceVersion": "200", "generation": 2})
    world.heard()
    world.put("orders", generation=2, image="registry.example.com/shop/orders:2", metadata={"resourceVersion": "199"})
    assert world.heard() == {"shop/orders"}
    assert (parent.generation, world.service("orders").spec.version) == (2, "2")
    assert parent.status == written
    assert not world.parents.knows("shop", "orders", "200")


def test_the_echo_of_our_own_status_write_is_known() -> None:
    """It need not be parsed: nothing but the status has changed."""
    world = World()
    world.put("orders")
    parent = world.parents.find(Key(conventions.MICROSERVICE, "shop", "orders"))
    assert parent is not None
    world.parents.wrote_status(parent, MicroserviceStatus(version="1"), {"resourceVersion": "200", "generation": 1})
    assert world.parents.knows("shop", "orders", "200")


def test_what_is_kept_of_a_thousand_services_shares_what_they_state_alike() -> None:
    """However it came: as a newcomer, by an edit, by a status of ours."""
    world = World()
    written = {
        "conditions": [
            {"type": "Ready", "status": "True", "reason": "Ready", "lastTransitionTime": "2026-11-22T11:12:13Z"}
        ]
    }
    for name in ("orders", "payments"):
        world.put(name, status=written)
        world.put(name, generation=2, env=[{"name": "A", "value": name}], status=written)
        parent = world.parents.find(Key(conventions.MICROSERVICE, "shop", name))
        assert parent is not None
        status = MicroserviceStatus.model_validate(written | {"version": name})
        world.parents.wrote_status(parent, status, {"resourceVersion": "200", "generation": 2})
    orders, payments = (world.parents.find(Key(conventions.MICROSERVICE, "shop", n)) for n in ("orders", "payments"))
    assert orders is not None
    assert payments is not None
    assert (
        world.service("orders").spec.env[0].model_fields_set is world.service("payments").spec.env[0].model_fields_set
    )
    assert orders.status.model_fields_set is payments.status.model_fields_set
    assert orders.status.conditions[0].model_fields_set is payments.status.conditions[0].model_fields_set


def test_a_standby_follows_the_fingerprints_that_the_leader_records() -> None:
    """Else its first act as a leader would be to write everything anew."""
    world = World()
    world.put("orders")
    world.put("orders", status={"children": [{"kind": "Service", "name": "orders", "fingerprint": "abc"}]})
    parent = world.parents.find(Key(conventions.MICROSERVICE, "shop", "orders"))
    assert parent is not None
    assert {str(key): value for key, value in parent.fingerprints.items()} == {"Service/orders": "abc"}


def test_a_status_of_a_newer_version_is_understood_as_far_as_it_can_be() -> None:
    """A downgrade must not forget what was recorded, or everything would be written anew."""
    world = World()
    children = [{"kind": "Service", "name": "orders", "fingerprint": "abc", "colour": "green"}]
    world.put("orders", status={"children": children, "observedGeneration": 3, "phase": "Blooming"})
    parent = world.parents.find(Key(conventions.MICROSERVICE, "shop", "orders"))
    assert parent is not None
    assert (parent.status.observed_generation, *parent.fingerprints.values()) == (3, "abc")


def test_a_provider_hears_of_every_use_of_it() -> None:
    """One consumer may name it twice, in two ways."""
    world = World()
    world.put("payments")
    uses = [{"service": "payments", "ports": ["http"]}, {"service": "shop/payments", "ports": ["grpc"]}]
    world.put("orders", consumes=uses)
    world.heard()
    world.put("orders", generation=2, consumes=[{"service": "payments", "ports": ["admin"]}, uses[1]])
    assert "shop/payments" in world.heard()


def test_what_is_indispensable_is_on_no_cycle() -> None:
    """Three that need each other in a ring would keep each other's pages away; a fourth beside them would not."""
    world = World()
    for name, others in (
        ("orders", ("payments", "stock")),
        ("payments", ("bank",)),
        ("bank", ("orders",)),
        ("stock", ()),
    ):
        world.put(name, consumes=[{"service": other, "criticality": "hard"} for other in others])

    assert {"stock"} == world.facts("orders").indispensable
    assert not world.facts("payments").indispensable


def test_whoever_needs_a_service_hears_of_what_it_needs() -> None:
    """It may lead back to them."""
    world = World()
    world.put("payments")
    world.put("orders", consumes=[{"service": "payments", "criticality": "hard"}])
    world.heard()
    world.put("payments", generation=2, consumes=[{"service": "orders", "criticality": "hard"}])

    assert {"shop/orders", "shop/payments"} == world.heard()
    assert not world.facts("orders").indispensable


def test_who_retries_hears_of_retries_however_far_beneath() -> None:
    """Three hops up, and nobody beside the way."""
    world = World()
    world.put("orders", consumes=[{"service": "payments", "retries": 1}])
    world.put("payments", consumes=[{"service": "ledger"}])
    world.put("ledger", consumes=[{"service": "vault"}])
    world.put("vault")
    world.put("stock", consumes=[{"service": "vault"}])
    assert Retried(times=1, way=("shop/payments",)) == world.facts("orders").retried["payments"]
    world.heard()

    world.put("ledger", generation=2, consumes=[{"service": "vault", "retries": 2}])

    assert {"shop/orders", "shop/payments", "shop/ledger"} == world.heard()
    way = ("shop/payments", "shop/ledger", "shop/vault")
    assert Retried(times=3, way=way) == world.facts("orders").retried["payments"]


def test_of_a_closed_edge_nobody_learns_what_is_retried_beyond() -> None:
    """A provider that does not let its caller in shows nothing; one that lets in the middle alone shows no name."""
    world = World()
    world.put("orders", consumes=[{"service": "bank/bank", "retries": 1}])
    world.put("bank", namespace="bank", consumes=[{"service": "vault/vault", "retries": 2}])
    world.put("vault", namespace="vault", consumes=[{"service": "gold", "retries": 9}])
    assert {} == world.facts("orders").retried

    world.put(
        "bank",
        namespace="bank",
        generation=2,
        access={"namespaces": ["shop"]},
        consumes=[{"service": "vault/vault", "retries": 2}],
    )

    hidden = "a service of another namespace"
    assert Retried(times=3, way=("bank/bank", hidden)) == world.facts("orders").retried["bank/bank"]


def test_a_provider_s_promise_and_patience_reach_its_consumers() -> None:
    """As stated; those of its tier where nothing is."""
    world = World()
    world.put("orders", consumes=[{"service": "payments"}])
    world.put("payments")
    world.heard()
    assert Decimal("99.5") == world.facts("orders").providers["payments"].promise

    calls = [{"service": "bank", "timeout": "500ms", "retries": 1}, {"service": "fraud", "criticality": "soft"}]
    objectives = [{"name": "availability", "target": 99.7}, {"name": "latency", "target": 99.9, "below": "1s"}]
    world.put("payments", generation=2, consumes=calls, objectives=objectives)

    assert "shop/orders" in world.heard()
    provider = world.facts("orders").providers["payments"]
    assert (Decimal("99.7"), Decimal(1)) == (provider.promise, provider.takes)


@pytest.mark.parametrize("forged", ["[]", "1.2.3.4", "", "v1", "1.4.0\n"])
def test_a_version_that_is_none_is_left_out_of_what_was_accepted(forged: str) -> None:
    """Whoever may write the status of a contract ends no pass by it, least of all that of a consumer elsewhere."""
    accepted = {"version": "1.4.0", "digest": "d", "configMap": "c"}
    item = {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": "pay", "namespace": "shop", "uid": "u", "generation": 1, "resourceVersion": "5"},
        "spec": {"type": "openapi", "version": "1.4.0", "document": {"inline": "openapi: 3.1.0"}},
        "status": {"version": forged, "versions": [accepted, {**accepted, "version": forged}]},
    }

    status = contract_known(item).status

    assert ["1.4.0"] == [one.version for one in status.versions]
    assert "1.4.0" == (status.version or "1.4.0")
