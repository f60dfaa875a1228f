"""
What follows from a contract in force: trials of whoever provides it, and nothing while there is nothing to try.
"""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from concordat.api import parse_contract
from concordat.api.conformance import CRON
from concordat.facts import ContractFacts, Platform, Provider
from concordat.plan.contract import ContractPlan, plan_contract
from tests.api.strategies import names

FACTS = ContractFacts(
    platform=Platform(conformance_image="registry.example.com/conformance:1"),
    version="1.4.0",
    document="payments-api-0123456789abcdef",
    provider=Provider(name="payments", namespace="shop", object_name="payments", ports={"http": (8080, "TCP")}),
    rollout="uid/3",
)


def planned(facts: ContractFacts = FACTS, name: str = "payments-api", **conformance: Any) -> ContractPlan:
    spec = {
        "type": "openapi",
        "version": "1.4.0",
        "document": {"inline": "{}"},
        "conformance": {"profile": "core"} | conformance,
    }
    metadata = {"name": name, "namespace": "shop", "uid": "c1"}
    return plan_contract(
        parse_contract(
            {"apiVersion": "concordat.dev/v1alpha1", "kind": "ServiceContract", "metadata": metadata, "spec": spec}
        ),
        facts,
    )


def one(plan: ContractPlan, kind: str) -> Any:
    (found,) = [child.manifest for child in plan.children if child.kind.kind == kind]
    return found


def kinds_of(plan: ContractPlan) -> list[str]:
    return [child.kind.kind for child in plan.children]


def test_guards_are_written_before_the_pods_they_guard() -> None:
    assert kinds_of(planned(schedule="0 3 * * *")) == ["NetworkPolicy", "NetworkPolicy", "CronJob", "Job"]
    assert [child.kind.guard for child in planned().children] == [True, True, False]


@pytest.mark.parametrize(
    "lacking",
    [{"document": ""}, {"provider": None}, {"platform": Platform()}],
    ids=["no version in force", "nobody provides it", "no image"],
)
def test_nothing_is_tried_that_cannot_be(lacking: dict[str, Any]) -> None:
    assert kinds_of(planned(replace(FACTS, **lacking), schedule="0 3 * * *")) == []


def test_while_a_rollout_is_under_way_the_former_trial_stays() -> None:
    plan = planned(replace(FACTS, rollout=""))
    assert kinds_of(plan) == ["NetworkPolicy", "NetworkPolicy"]
    assert plan.undecided == {"Job"}
    assert planned().undecided == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        {"rollout": "uid/4"},
        {"document": "payments-api-fedcba9876543210"},
        {"platform": Platform(conformance_image="registry.example.com/conformance:2")},
    ],
    ids=["another rollout", "another version", "another image"],
)
def test_what_is_tried_anew_has_a_new_name(change: dict[str, Any]) -> None:
    """A Job can never be changed."""
    before, after = (one(planned(facts), "Job")["metadata"]["name"] for facts in (FACTS, replace(FACTS, **change)))
    assert before != after


@given(names)
def test_every_name_is_one_kubernetes_takes(name: str) -> None:
    """A CronJob of 52 characters, all others of 63; a pod's name is made of its Job's."""
    for child in planned(name=name, schedule="0 3 * * *").children:
        longest = 52 if child.kind.kind == "CronJob" else 63
        assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", child.name)
        assert len(child.name) <= longest


def test_a_secret_is_named_and_never_read() -> None:
    headers = [{"name": "Authorization", "secret": {"name": "payments-api-conformance", "key": "header"}}]
    (container,) = one(planned(headers=headers), "Job")["spec"]["template"]["spec"]["containers"]
    assert {entry["name"]: entry.get("value") or entry["valueFrom"] for entry in container["env"]} == {
        "CONCORDAT_PROFILE": "core",
        "CONCORDAT_HEADERS": "Authorization",
        "CONCORDAT_HEADER_0": {"secretKeyRef": {"name": "payments-api-conformance", "key": "header"}},
    }


@pytest.mark.parametrize(
    "schedule",
    ["0 3 * * *", "*/15 0-6,22 1,15 jan-mar mon-fri", "59 23 31 12 6", "00 03 01 01 0", "0  3 * * *"],
)
def test_schedules_kubernetes_reads(schedule: str) -> None:
    assert re.fullmatch(CRON, schedule)


@pytest.mark.parametrize(
    "schedule", ["", "60 3 * * *", "0 24 * * *", "0 3 0 * *", "0 3 * 13 *", "0 3 * * 7", "0 3 * *"]
)
def test_schedules_it_does_not(schedule: str) -> None:
    assert not re.fullmatch(CRON, schedule)


@given(st.text(alphabet="0123456789*/,- ", max_size=20))
def test_a_schedule_is_five_fields(text: str) -> None:
    assert not re.fullmatch(CRON, text) or len(text.split()) == 5
