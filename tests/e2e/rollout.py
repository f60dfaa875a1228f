"""
Rolling updates under continuous traffic.
"""

import time

from tests.e2e.cast import CATALOG, LEDGER
from tests.e2e.pairs import Place
from tests.e2e.stage import Load, Stage

UPDATED = {CATALOG: "/products", LEDGER: "/"}
"""
Service -> path to ask for.

The catalog drains by itself when it is told to end; ledger ends at once, in the middle of whatever it does, so that
what holds its traffic up is what was built around it.
"""

WARM_UP = 1.0
"""Seconds of traffic before the change and after it."""
FEWEST = 200
"""Requests, or there was no traffic to lose."""


def rollout_under_load(stage: Stage, service: Place) -> Load:
    """Replaces every pod; what was sent meanwhile, and what was lost."""
    what, namespace = f"microservice/{service.name}", service.namespace
    with stage.load(
        "deploy/storefront", namespace, f"http://{service.name}.{namespace}:8080{UPDATED[service]}"
    ) as load:
        time.sleep(WARM_UP)
        patch = '--patch={"spec": {"resources": {"cpu": "51m"}}}'
        stage.kubectl("patch", what, f"--namespace={namespace}", "--type=merge", patch)
        stage.wait_for("Ready=false", what, namespace)
        stage.wait_for("Ready", what, namespace, seconds=180)
        time.sleep(WARM_UP)
    return load
