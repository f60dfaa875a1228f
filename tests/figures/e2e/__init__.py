"""
What is measured on a whole cluster: requests lost in a rollout, connections against declarations, rights used.
"""

from collections.abc import Mapping
from typing import Any

from concordat_lab.machine.progress import Lines
from tests.e2e.cast import ALLOWED, PLACES, SERVICES
from tests.e2e.opening import PROBER_IMAGE, RELEASE, SYSTEM, install, opened, perform
from tests.e2e.pairs import attempts, wrong
from tests.e2e.rights_used import SCOPES, rights_difference
from tests.e2e.rollout import FEWEST, UPDATED, rollout_under_load
from tests.e2e.stage import Stage

Figure = Mapping[str, Any]


def on_a_whole_cluster() -> list[Figure]:
    """One cluster for all of them, in the order of the story."""
    with opened(Lines()) as stage:
        install(stage)
        perform(stage)
        for service in SERVICES:
            stage.wait_for("Ready", f"microservice/{service.name}", service.namespace)
        story = [requests_lost_in_rollout(stage), policy_pairs_wrong(stage)]
        stage.helm("uninstall", RELEASE, f"--namespace={SYSTEM}", "--wait")
        return [*story, rbac_difference(stage)]


def requests_lost_in_rollout(stage: Stage) -> Figure:
    """All pods of two services replaced, one after the other, while four callers ask without pause."""
    loads = {str(service): rollout_under_load(stage, service) for service in UPDATED}
    lost = [f"{service}: {request}" for service, load in loads.items() for request in load.lost]
    return {
        "figure": "requests_lost_in_rollout",
        "value": len(lost),
        "unit": "requests",
        "goal": "0",
        "holds": not lost and all(load.sent > FEWEST for load in loads.values()),
        "sent": {service: load.sent for service, load in loads.items()},
        "lost": lost[:10],
    }


def policy_pairs_wrong(stage: Stage) -> Figure:
    """Every pod tries every port of every other."""
    tried = attempts(stage, PLACES)
    found = wrong(tried, ALLOWED)
    opened = {attempt.edge for attempt in tried if attempt.opened}
    return {
        "figure": "policy_pairs_wrong",
        "value": len(found),
        "unit": "connections",
        "goal": "0",
        "holds": not found and opened == ALLOWED,
        "tried": len(tried),
        "opened": sum(attempt.opened for attempt in tried),
        "wrong": found[:10],
    }


def rbac_difference(stage: Stage) -> Figure:
    """Rights granted and never used, and rights tried without a grant, in both scopes of an installation."""
    if stage.audit is None:
        raise RuntimeError("this cluster keeps its audit log to itself: measure on `local` or on kind")
    found = {scope: rights_difference(stage, scope, image=PROBER_IMAGE) for scope in SCOPES}
    differences = sum(map(len, found.values()))
    return {
        "figure": "rbac_difference",
        "value": differences,
        "unit": "rights",
        "goal": "0",
        "holds": differences == 0,
        "scopes": {scope: str(difference) for scope, difference in found.items()},
    }


FIGURES = (on_a_whole_cluster,)
