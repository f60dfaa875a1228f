"""
A rolling update of catalog under continuous traffic.
"""

import time

from tests.e2e.opening import SHOP
from tests.e2e.stage import Load, Stage

URL = f"http://catalog.{SHOP}:8080/products"
WARM_UP = 1.0
"""Seconds of traffic before the change and after it."""


def rollout_under_load(stage: Stage) -> Load:
    """Replaces every pod; what was sent meanwhile, and what was lost."""
    with stage.load("deploy/storefront", SHOP, URL) as load:
        time.sleep(WARM_UP)
        stage.kubectl(
            "patch",
            "microservice/catalog",
            f"--namespace={SHOP}",
            "--type=json",
            '--patch=[{"op": "add", "path": "/spec/env/-", "value": {"name": "ROLLED_OUT", "value": "once more"}}]',
        )
        stage.wait_for("Ready=false", "microservice/catalog", SHOP)
        stage.kubectl("rollout", "status", "deployment/catalog", f"--namespace={SHOP}", "--timeout=120s")
        stage.wait_for("Ready", "microservice/catalog", SHOP)
        time.sleep(WARM_UP)
    return load
