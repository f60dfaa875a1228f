"""
Remove: nothing stays of a service that is deleted, everything of one whose operator is.
"""

import pytest

from concordat.resources import kinds
from tests.e2e.exercise import KINDS, children_of, name_of
from tests.e2e.opening import RELEASE, SHOP, SYSTEM
from tests.e2e.stage import Stage, eventually

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]  # the first one brings up the cluster and builds its images


def test_deleting_a_service_deletes_what_was_built_for_it(stage: Stage) -> None:
    """By Kubernetes' own garbage collection: nothing hangs on a finalizer."""
    assert children_of(stage, SHOP, "catalog")

    stage.kubectl("delete", "microservice", "catalog", f"--namespace={SHOP}")

    names = {name_of(kind, "catalog") for kind in kinds.OF_SERVICES}
    eventually(lambda: not [c for c in stage.find(KINDS, SHOP) if c["metadata"]["name"] in names], seconds=180)


def test_services_run_on_without_the_operator(stage: Stage) -> None:
    """An uninstall stops the hand that repairs, not what was built."""
    stage.helm("uninstall", RELEASE, f"--namespace={SYSTEM}", "--wait")
    url = f"http://ledger.{SHOP}:8080/"

    assert children_of(stage, SHOP, "ledger")
    assert {url: 200} == stage.ask("deploy/storefront", SHOP, "get", url)
