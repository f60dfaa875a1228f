"""
Change: new versions lose no request, and what is taken away comes back.
"""

import pytest

from concordat.manifest import Kind
from concordat.resources import kinds
from tests.e2e.exercise import RESOURCES, name_of
from tests.e2e.opening import RELEASE, SHOP, SYSTEM
from tests.e2e.pairs import Place
from tests.e2e.rollout import FEWEST, UPDATED, rollout_under_load
from tests.e2e.stage import Stage, eventually

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]  # the first one brings up the cluster and builds its images


@pytest.mark.parametrize("service", UPDATED, ids=str)
def test_a_rolling_update_loses_no_request(stage: Stage, service: Place) -> None:
    """Every pod is replaced while four callers ask without pause, whether the service drains by itself or not."""
    load = rollout_under_load(stage, service)

    assert [] == load.lost
    assert load.sent > FEWEST


@pytest.mark.parametrize("kind", RESOURCES, ids=str)
def test_a_child_deleted_by_hand_comes_back(stage: Stage, kind: Kind) -> None:
    """Another object of the same name."""
    _delete_and_await(stage, kind, seconds=180)


def test_a_field_edited_by_hand_is_put_back(stage: Stage) -> None:
    """The declaration says what runs, not the last hand on the keyboard."""
    stage.kubectl("set", "image", "deployment/catalog", "*=localhost/another:11", f"--namespace={SHOP}")

    def image() -> str:
        deployment = stage.get("deployments", SHOP, "catalog")
        assert deployment is not None
        return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])

    eventually(lambda: image() == "localhost/catalog:1.0.0", because="the image is put back")
    stage.wait_for("Ready", "microservice/catalog", SHOP)


def test_a_standby_takes_over(stage: Stage) -> None:
    """The leader's pod is deleted: the other replica leads, and repairs."""
    lease = stage.get("lease", SYSTEM, RELEASE)
    assert lease is not None
    leader = lease["spec"]["holderIdentity"]

    stage.kubectl("delete", "pod", leader, f"--namespace={SYSTEM}", "--grace-period=0", "--force")
    _delete_and_await(stage, kinds.SERVICE, seconds=180)

    lease = stage.get("lease", SYSTEM, RELEASE)
    assert lease is not None
    assert leader != lease["spec"]["holderIdentity"]


def _delete_and_await(stage: Stage, kind: Kind, *, seconds: float) -> None:
    resource = f"{kind.plural}.{kind.group}".rstrip(".")
    name = name_of(kind, "catalog")
    before = stage.get(resource, SHOP, name)
    assert before is not None

    stage.kubectl("delete", resource, name, f"--namespace={SHOP}", "--wait=false", "--cascade=orphan")

    def replaced() -> bool:
        after = stage.get(resource, SHOP, name)
        return after is not None and after["metadata"]["uid"] != before["metadata"]["uid"]

    eventually(replaced, seconds=seconds, because=f"another {kind}")
