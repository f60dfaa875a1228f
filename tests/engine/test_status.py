"""
From what was planned, written and seen to what a person reads.
"""

from dataclasses import replace
from typing import Any

import pytest

from concordat.api import MicroserviceStatus, parse, resolve
from concordat.errors import Problem
from concordat.facts import WorkloadState
from concordat.manifest import ChildKey, conventions
from concordat.policies import Violation
from concordat.reconcile.status import ChildOutcome, Seen, defective, report
from tests.engine.rig import microservice

NOW = "2026-11-22T11:12:13Z"
LATER = "2026-11-22T12:13:14Z"

SERVICE = resolve(parse(microservice("orders", "shop", scaling={"min": 2, "max": 11})))
RUNNING = WorkloadState(replicas=3, ready=3, updated=3, available=3, total=3, generation=7, observed_generation=7)
CHILDREN = (
    ChildOutcome(key=ChildKey(kind="Service", name="orders"), fingerprint="aa"),
    ChildOutcome(key=ChildKey(kind="Deployment", name="orders"), fingerprint="bb"),
    ChildOutcome(key=ChildKey(kind="ConfigMap", name="orders-rules"), fingerprint="cc"),
)
SEEN = Seen(generation=13, service=SERVICE, children=CHILDREN, workload=RUNNING)


def said(seen: Seen, kind: str = conventions.READY) -> tuple[str, str]:
    status = report(MicroserviceStatus(), seen, now=NOW)
    return next((c.status, c.reason) for c in status.conditions if c.type == kind)


def test_a_running_service_is_ready() -> None:
    """All four conditions are true, at the generation they speak of."""
    status = report(MicroserviceStatus(), SEEN, now=NOW)
    assert [(c.type, c.status, c.observed_generation) for c in status.conditions] == [
        ("Ready", "True", 13),
        ("Reconciled", "True", 13),
        ("Available", "True", 13),
        ("ContractsSatisfied", "True", 13),
        ("Observed", "True", 13),
    ]
    assert (status.observed_generation, status.replicas, status.version) == (13, "3/3", "1.4.2")
    assert status.url == "http://orders.shop.svc.cluster.local"
    assert [(c.kind, c.ready, c.fingerprint) for c in status.children] == [
        ("ConfigMap", True, "cc"),
        ("Deployment", True, "bb"),
        ("Service", True, "aa"),
    ]


def test_times_move_with_the_status_of_a_condition_alone() -> None:
    """The same report an hour later is the same status: nothing is written."""
    first = report(MicroserviceStatus(), SEEN, now=NOW)
    assert report(first, SEEN, now=LATER) == first
    broken = report(first, replace(SEEN, workload=replace(RUNNING, available=0)), now=LATER)
    times = {c.type: c.last_transition_time for c in broken.conditions}
    assert times == {"Ready": LATER, "Reconciled": NOW, "Available": LATER, "ContractsSatisfied": NOW, "Observed": NOW}


def test_scaling_is_no_rollout() -> None:
    """An autoscaler that adds replicas makes nobody unready."""
    growing = replace(RUNNING, replicas=9, updated=9, total=9)
    assert said(replace(SEEN, workload=growing)) == ("True", conventions.REASON_READY)


def test_a_rollout_under_way_is_available_but_not_ready() -> None:
    """The former pods answer; ``kubectl wait --for=condition=Ready`` waits. The version stays the one that runs."""
    before = replace(RUNNING, updated=1, total=4)
    seen = replace(SEEN, workload=before)
    assert said(seen, conventions.AVAILABLE)[0] == "True"
    assert said(seen) == ("False", conventions.REASON_PROGRESSING)
    assert report(MicroserviceStatus(version="1.3.9"), seen, now=NOW).version == "1.3.9"


def test_a_rollout_the_deployment_controller_has_not_seen_yet_is_under_way() -> None:
    """``observedGeneration`` lags behind for a moment after each change."""
    seen = replace(SEEN, workload=replace(RUNNING, generation=8))
    assert said(seen) == ("False", conventions.REASON_PROGRESSING)


def test_a_stuck_rollout_is_named() -> None:
    """The former pods answer, so it is available; but nobody is told that all is well."""
    seen = replace(SEEN, workload=replace(RUNNING, updated=1, total=4, stuck="exceeded its progress deadline"))
    assert said(seen) == ("False", conventions.REASON_ROLLOUT_STUCK)
    assert said(seen, conventions.AVAILABLE)[0] == "True"


def test_pods_that_cannot_be_created_are_named() -> None:
    """Quota, Pod Security: the ReplicaSet's own words."""
    seen = replace(SEEN, workload=WorkloadState(replicas=2, failure="exceeded quota: tight"))
    status = report(MicroserviceStatus(), seen, now=NOW)
    available = next(c for c in status.conditions if c.type == conventions.AVAILABLE)
    assert (available.reason, "exceeded quota: tight" in available.message) == ("Rejected", True)


def test_what_needs_a_person_comes_before_what_time_mends() -> None:
    """The reason is the worst one, the message names all."""
    outcomes = (
        ChildOutcome(key=CHILDREN[1].key, reason="Progressing", message="Deployment waits", waiting=True),
        ChildOutcome(key=CHILDREN[0].key, reason="Conflict", message="Service is not ours"),
    )
    status = report(MicroserviceStatus(), replace(SEEN, children=outcomes), now=NOW)
    reconciled = next(c for c in status.conditions if c.type == conventions.RECONCILED)
    assert reconciled.reason == "Conflict"
    assert reconciled.message == "Deployment waits; Service is not ours"
    assert {c.kind: c.reason for c in status.children} == {
        "Deployment": "Deployment waits",
        "Service": "Service is not ours",
    }


def test_invalid_input_shows_its_fields_and_keeps_the_last_good_children() -> None:
    """What runs goes on running, and is still listed."""
    problem = Problem(path="spec.scaling.min", message="is above max: lower it")
    status = report(MicroserviceStatus(version="1.4.2"), replace(SEEN, invalid=(problem,)), now=NOW)
    assert [(p.path, p.message) for p in status.problems] == [("spec.scaling.min", "is above max: lower it")]
    assert status.conditions[1].reason == conventions.REASON_INVALID
    assert len(status.children) == len(CHILDREN)
    assert status.version == "1.4.2"


def test_a_violated_policy_gives_its_reason() -> None:
    """Reasons are API: people alert on them."""
    problem = Problem(path="spec.egress[0].cidr", message="is the cloud's instance metadata")
    seen = replace(SEEN, violations=(Violation(reason="EgressForbidden", problem=problem, blocks=True),))
    assert said(seen, conventions.RECONCILED) == ("False", "EgressForbidden")
    assert said(seen) == ("False", "EgressForbidden")


def test_a_host_that_is_taken_is_visible_although_everything_else_is_built() -> None:
    """It blocks nothing, and nobody is told that all is well; what failed besides is named too."""
    taken = Violation(reason="HostTaken", problem=Problem(path="spec.routing.hosts[0]", message="belongs to a/b"))
    waiting = ChildOutcome(key=CHILDREN[1].key, reason="Progressing", message="Deployment waits", waiting=True)
    seen = replace(SEEN, notices=(taken,), children=(waiting,))
    reconciled = report(MicroserviceStatus(), seen, now=NOW).conditions[1]
    assert (reconciled.status, reconciled.reason) == ("False", "HostTaken")
    assert reconciled.message == "spec.routing.hosts[0]: belongs to a/b; Deployment waits"
    assert said(seen) == ("False", "HostTaken")


def test_a_warning_makes_nobody_unready() -> None:
    """What is left out on purpose until it comes is no fault."""
    problem = Problem(path="spec.consumes[0]", message="is not there", severity="warning")
    seen = replace(SEEN, notices=(Violation(reason="ProviderMissing", problem=problem),))
    assert said(seen) == ("True", conventions.REASON_READY)


def test_hosts_stay_held_while_nothing_may_be_decided() -> None:
    """A pause or an invalid spec leaves the route as it is, and with it its host names."""
    before = report(MicroserviceStatus(), replace(SEEN, hosts=("orders.example.com",)), now=NOW)
    assert before.hosts == ("orders.example.com",)
    assert report(before, replace(SEEN, paused=True), now=NOW).hosts == ("orders.example.com",)
    assert report(before, replace(SEEN, hosts=()), now=NOW).hosts == ()


def test_a_pause_says_so_and_makes_nobody_unready() -> None:
    """Hands off is not broken."""
    seen = replace(SEEN, paused=True)
    assert said(seen, conventions.RECONCILED) == ("False", conventions.REASON_PAUSED)
    assert said(seen) == ("True", conventions.REASON_PAUSED)


def test_a_service_that_is_just_born_says_what_is_wanted() -> None:
    """An autoscaler raises a Deployment born with one replica to the least at once: "0/2", not "0/1" first."""
    status = report(MicroserviceStatus(), replace(SEEN, workload=WorkloadState(replicas=1)), now=NOW)
    assert status.replicas == "0/2"


def test_a_service_is_available_with_its_declared_minimum_not_before() -> None:
    """Born with one replica and raised by the autoscaler, it would be ready, then not, then ready again."""
    born = replace(RUNNING, replicas=1, ready=1, updated=1, available=1, total=1)
    assert said(replace(SEEN, workload=born)) == ("False", conventions.REASON_UNAVAILABLE)
    assert said(replace(SEEN, workload=replace(born, replicas=2, available=2))) == ("True", conventions.REASON_READY)


@pytest.mark.parametrize(
    "changes",
    [
        {"paused": True},
        {"violations": (Violation(reason="HostTaken", problem=Problem(path="", message="belongs to a/b")),)},
        {"children": (replace(CHILDREN[1], reason="Rejected", message="by a webhook"),)},
        {"children": CHILDREN[:1]},
    ],
    ids=["paused", "violated", "refused", "unplanned"],
)
def test_a_version_is_reported_once_its_deployment_is_written(changes: dict[str, Any]) -> None:
    """Until then the former pods run, however healthy they are."""
    assert report(MicroserviceStatus(version="1.3.9"), replace(SEEN, **changes), now=NOW).version == "1.3.9"


def test_a_defect_of_ours_takes_back_what_was_assured() -> None:
    """Nobody looked: neither that it is ready nor that everything is in place is known any more."""
    ready = report(MicroserviceStatus(), SEEN, now=NOW)
    status = defective(ready, KeyError("spec"), generation=14, now=LATER)
    assert [(c.type, c.status, c.reason, c.last_transition_time) for c in status.conditions] == [
        ("Ready", "False", conventions.REASON_INTERNAL_ERROR, LATER),
        ("Reconciled", "False", conventions.REASON_INTERNAL_ERROR, LATER),
        ("Available", "True", conventions.REASON_MINIMUM_REPLICAS, NOW),
        ("ContractsSatisfied", "True", conventions.REASON_NO_CONTRACTS, NOW),
        ("Observed", "True", conventions.REASON_DELIVERED, NOW),
    ]
    assert "KeyError: 'spec'" in status.conditions[0].message
    assert (status.children, status.version) == (ready.children, ready.version)
    assert defective(status, KeyError("spec"), generation=14, now="later still") == status


def test_endless_messages_are_cut_to_what_the_schema_holds() -> None:
    """An admission webhook may answer with a novel."""
    outcome = ChildOutcome(key=CHILDREN[0].key, reason="Rejected", message="x" * 100_000)
    status = report(MicroserviceStatus(), replace(SEEN, children=(outcome,)), now=NOW)
    assert len(status.children[0].reason) == 1024
    assert len(status.conditions[1].message) == 4096


def test_a_report_read_back_is_equal_to_itself() -> None:
    """Else every look at it would be a difference, and a write."""
    status = report(MicroserviceStatus(), SEEN, now=NOW)
    assert MicroserviceStatus.model_validate(status.model_dump(by_alias=True, exclude_unset=True)) == status


def test_observed_names_what_is_watched() -> None:
    """Its own and its contracts' objectives; while nobody may decide, where the last good rules are."""
    found = [
        next(
            c.message for c in report(MicroserviceStatus(), seen, now=NOW).conditions if c.type == conventions.OBSERVED
        )
        for seen in (
            replace(SEEN, objectives=("availability", "orders-api/latency")),
            replace(SEEN, objectives=()),
            SEEN,
        )
    ]

    assert [
        "objectives: availability, orders-api/latency; in ConfigMap/orders-rules",
        "objectives: none; in ConfigMap/orders-rules",
        "in ConfigMap/orders-rules",
    ] == found
