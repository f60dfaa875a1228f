"""
Objects that are not ours, and hands that shall stay off.
"""

import json

import pytest

from concordat.manifest import Kind, conventions
from concordat.reconcile import child_memory
from concordat.resources import kinds
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.engine.conftest import Story, eventually
from tests.engine.rig import microservice, routed

pytestmark = pytest.mark.controlplane


def deployment(namespace: str) -> dict[str, object]:
    labels = {"app": "legacy"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "orders", "namespace": namespace},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "legacy", "image": "legacy:1"}]},
            },
        },
    }


def service(namespace: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "orders", "namespace": namespace, "labels": {"mine": "yes"}},
        "spec": {"selector": {"app": "legacy"}, "ports": [{"name": "web", "port": 4711}]},
    }


@pytest.mark.parametrize("kind", ["service", "deployment"])
async def test_an_object_of_somebody_else_is_never_overwritten(story: Story, kind: str) -> None:
    """Neither by a POST nor by the apply that creates Deployments: the condition names it and the remedy."""
    await story.apply({"service": service, "deployment": deployment}[kind](story.namespace))
    before = await story.get(kind, "orders")
    await story.apply(microservice("orders", story.namespace))
    await story.settled("orders")
    condition = await story.condition("orders")
    after = await story.get(kind, "orders")
    assert (condition["status"], condition["reason"]) == ("False", conventions.REASON_CONFLICT)
    assert conventions.ANNOTATION_ADOPT in condition["message"]
    assert after["spec"] == before["spec"]
    assert after["metadata"].get("ownerReferences") is None
    assert story.engine.census.conflicts() == 1


async def test_a_deployment_that_is_equal_to_ours_is_not_taken_over_either(story: Story) -> None:
    """All it states we would state as well: an apply without force would meet no conflict."""
    stranger = deployment(story.namespace)
    labels = {conventions.LABEL_SERVICE: "orders"}
    stranger["spec"] = {
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "service", "image": microservice("", "")["spec"]["image"]}]},
        },
    }
    await story.apply(stranger)
    await story.apply(microservice("orders", story.namespace))
    await story.settled("orders")
    after = await story.get("deployment", "orders")
    assert (await story.condition("orders"))["reason"] == conventions.REASON_CONFLICT
    assert after["metadata"].get("ownerReferences") is None
    assert [entry["manager"] for entry in after["metadata"]["managedFields"]].count(conventions.FIELD_MANAGER) == 0


STRANGERS = {kinds.DEPLOYMENT.kind: deployment, kinds.SERVICE.kind: service}
"""What can be pointed at -> a stranger of that kind."""
POINTING = [kind for kind in kinds.ALL if kind.points_at]


@pytest.mark.parametrize("kind", POINTING, ids=str)
async def test_nothing_acts_on_a_stranger_through_its_name(story: Story, kind: Kind) -> None:
    """What points at an object of somebody else is not written, and its child says why."""
    await story.apply(STRANGERS[kind.points_at](story.namespace), routed("orders", story.namespace))
    await story.settled("orders")

    children = (await story.get("microservice", "orders"))["status"]["children"]
    (pointing,) = (child for child in children if child["kind"] == kind.kind)
    assert not await story.exists(kind.plural, "orders")
    assert f"it would act on {kind.points_at}/orders" in pointing["reason"]


@pytest.mark.parametrize("kind", POINTING, ids=str)
async def test_what_points_at_an_object_that_became_a_strangers_is_taken_back(story: Story, kind: Kind) -> None:
    """An object of ours is deleted, and somebody else takes its name before we do."""
    await story.apply(routed("orders", story.namespace))
    await story.settled("orders")
    assert await story.exists(kind.plural, "orders")

    plural = next(each.plural for each in kinds.ALL if each.kind == kind.points_at)
    await story.run("annotate", "microservice", "orders", f"{conventions.ANNOTATION_PAUSED}=true")
    await story.quiet()
    await story.run("delete", plural, "orders", "--cascade=orphan")
    await story.apply(STRANGERS[kind.points_at](story.namespace))
    await story.run("annotate", "microservice", "orders", f"{conventions.ANNOTATION_PAUSED}-")

    async def taken_back() -> bool:
        return not await story.exists(kind.plural, "orders")

    await eventually(taken_back)


def test_every_kind_that_acts_on_another_says_so() -> None:
    """A new kind is looked at: does it name, or select, what could be somebody else's?"""
    acting = {"Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "HTTPRoute", "ServiceMonitor"}
    passive = {
        *(
            "ServiceAccount",
            "Deployment",
            "ConfigMap",
            "PrometheusRule",
            "GrafanaDashboard",
            "AlertmanagerConfig",
        ),
        "NetworkPolicy",  # guards pods by a label of ours, whatever else is wrong
        *("CronJob", "Job"),  # not planned unless Service and Deployment of the provider are its own
    }

    assert acting == {kind.kind for kind in POINTING}
    assert passive == {kind.kind for kind in kinds.ALL} - acting


async def test_the_other_children_are_built_all_the_same(story: Story) -> None:
    """One name that is taken holds back nothing else."""
    await story.apply(service(story.namespace))
    await story.apply(microservice("orders", story.namespace))
    await story.settled("orders")
    assert await story.get("deployment", "orders")


async def test_adopt_hands_an_object_over(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The annotation on the stranger is the owner's consent."""
    monkeypatch.setattr(child_memory, "LOOK_AGAIN_AT_STRANGER", 0.5)
    await story.apply(service(story.namespace), microservice("orders", story.namespace))
    await story.settled("orders")
    await story.run("annotate", "service", "orders", f"{conventions.ANNOTATION_ADOPT}=true")

    async def adopted() -> bool:
        return (await story.condition("orders")).get("status") == "True"

    await eventually(adopted)
    found = await story.get("service", "orders")
    assert [owner["name"] for owner in found["metadata"]["ownerReferences"]] == ["orders"]
    assert found["spec"]["selector"] == {conventions.LABEL_SERVICE: "orders"}
    assert found["metadata"]["labels"]["mine"] == "yes"


async def test_adopting_what_cannot_be_adopted_cuts_nobody_off(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A selector cannot be changed, so the Deployment can never be taken; the Service goes on leading to its pods.

    Once the old Deployment is gone, both become ours.
    """
    monkeypatch.setattr(child_memory, "LOOK_AGAIN_AT_STRANGER", 0.5)
    adopt = f"{conventions.ANNOTATION_ADOPT}=true"
    await story.apply(service(story.namespace), deployment(story.namespace))
    for kind in ("service", "deployment"):
        await story.run("annotate", kind, "orders", adopt)

    await story.apply(microservice("orders", story.namespace))

    async def refused() -> bool:
        return (await story.condition("orders")).get("status") == "False"

    await eventually(refused)
    kept = await story.get("service", "orders")
    assert {"app": "legacy"} == kept["spec"]["selector"]
    assert kept["metadata"].get("ownerReferences") is None

    await story.run("delete", "deployment", "orders")

    async def taken() -> bool:
        found = await story.get("service", "orders")
        return bool(found["spec"]["selector"] == {conventions.LABEL_SERVICE: "orders"})

    await eventually(taken)


async def test_a_name_that_becomes_free_is_taken(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stranger is not watched, so we look again."""
    monkeypatch.setattr(child_memory, "LOOK_AGAIN_AT_STRANGER", 0.5)
    await story.apply(service(story.namespace), microservice("orders", story.namespace))
    await story.settled("orders")
    await story.run("delete", "service", "orders")

    async def built() -> bool:
        return (await story.condition("orders")).get("status") == "True"

    await eventually(built)


async def test_a_paused_microservice_is_left_alone_visibly(story: Story) -> None:
    """Neither its changes nor those of its children are followed; the condition says why, and resuming catches up."""
    await story.apply(microservice("orders", story.namespace))
    await story.settled("orders")
    await story.run("annotate", "microservice", "orders", f"{conventions.ANNOTATION_PAUSED}=true")
    await story.quiet()
    await story.run("delete", "service", "orders")
    await story.apply(microservice("orders", story.namespace, image="registry.example.com/shop/orders:2"))
    await story.settled("orders")
    condition = await story.condition("orders")
    image = (await story.get("deployment", "orders"))["spec"]["template"]["spec"]["containers"][0]["image"]
    assert (condition["status"], condition["reason"]) == ("False", conventions.REASON_PAUSED)
    assert image.endswith(":1.4.2")
    assert story.engine.census.paused()[conventions.MICROSERVICE,] == 1

    await story.run("annotate", "microservice", "orders", f"{conventions.ANNOTATION_PAUSED}-")

    async def caught_up() -> bool:
        return (await story.condition("orders")).get("status") == "True"

    await eventually(caught_up)
    image = (await story.get("deployment", "orders"))["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith(":2")
    assert await story.get("service", "orders")


async def test_a_paused_child_is_left_alone_while_the_others_are_not(story: Story) -> None:
    """Somebody debugs one object by hand."""
    await story.apply(microservice("orders", story.namespace))
    await story.settled("orders")
    await story.run("annotate", "networkpolicy", "orders", f"{conventions.ANNOTATION_PAUSED}=true")
    edit = json.dumps({"spec": {"ingress": [{}]}})
    await story.run("patch", "networkpolicy", "orders", "--type", "merge", "--patch", edit)
    await story.run("delete", "service", "orders")
    await story.quiet()
    condition = await story.condition("orders")
    assert (await story.get("networkpolicy", "orders"))["spec"]["ingress"] == [{}]
    assert (condition["reason"], "NetworkPolicy/orders" in condition["message"]) == (conventions.REASON_PAUSED, True)
    assert story.engine.census.paused()["NetworkPolicy",] == 1
    assert await story.get("service", "orders")


async def test_there_and_back_leaves_what_was_there(story: Story) -> None:
    """A to B to A: every child as it was, whatever B added, dropped or replaced."""
    kinds = ("deployment", "service", "networkpolicy", "hpa", "pdb", "httproute", "servicemonitor", "serviceaccount")
    start = routed("orders", story.namespace)
    other = microservice(
        "orders",
        story.namespace,
        tier="besteffort",
        ports={"grpc": {"port": 7000}},
        env=[{"name": "A", "value": "b"}],
        egress=[{"cidr": "10.1.0.0/16", "port": 5432}],
        telemetry={"metrics": {"enabled": False}},
    )
    await story.apply(start)
    await story.settled("orders")
    before = {kind: _spec(await story.get(kind, "orders")) for kind in kinds}
    await story.run("replace", "-f", "-", stdin=other)
    await story.settled("orders")
    await story.run("replace", "-f", "-", stdin=start)
    await story.settled("orders")
    after = {kind: _spec(await story.get(kind, "orders")) for kind in kinds}
    assert after == before


def _spec(found: dict[str, dict[str, object]]) -> dict[str, object]:
    return {
        "spec": {k: v for k, v in found.get("spec", {}).items() if k not in ("replicas",)},
        "labels": found["metadata"]["labels"],
        "annotations": {
            name: value
            for name, value in (found["metadata"].get("annotations") or {}).items()  # type: ignore[attr-defined]
            if not name.startswith("deployment.kubernetes.io/")
        },
    }


def test_the_control_plane_is_real(control_plane: ControlPlane) -> None:
    """What this file proves, it proves of a kube-apiserver."""
    assert control_plane.processes.pid("kube-apiserver") > 0
