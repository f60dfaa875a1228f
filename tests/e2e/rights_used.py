"""
An installation of its own for each scope, exercised, then its rights compared with the audit log.
"""

import json
from typing import Any

from concordat.manifest import Manifest
from tests.e2e.exercise import exercise
from tests.e2e.opening import RELEASE, ROOT, install, restricted
from tests.e2e.rights import Difference, difference, granted, used
from tests.e2e.stage import Stage

SCOPES = ("cluster", "namespaces")
ROLES = ("roles", "rolebindings", "clusterroles", "clusterrolebindings")


def rights_difference(stage: Stage, scope: str, *, image: str) -> Difference:
    """Of one scope. No other operator may run meanwhile."""
    assert stage.audit is not None
    system, namespace = f"rights-{scope}-system", f"rights-{scope}"
    stage.apply(restricted(system), restricted(namespace))
    stage.kubectl("apply", "--server-side", "--force-conflicts", f"--filename={ROOT / 'crds'}")
    mark = stage.audit.mark()
    install(stage, namespace=system, **_values(scope, namespace))
    try:
        exercise(stage, namespace, image=image)
        grants = list(granted(_roles(stage), account=RELEASE, namespace=system))
    finally:
        stage.helm("uninstall", RELEASE, f"--namespace={system}", "--wait")
    requests = stage.audit.since(mark)
    stage.kubectl("delete", "microservices", "--all", f"--namespace={namespace}", "--wait=false")

    assert grants
    return difference(grants, used(requests, f"system:serviceaccount:{system}:{RELEASE}"))


def _values(scope: str, namespace: str) -> dict[str, Any]:
    namespaces = [namespace] if scope == "namespaces" else []
    return {"scope": scope, "namespaces": namespaces, "crds": {"install": False}}


def _roles(stage: Stage) -> list[Manifest]:
    return [
        role
        for kind in ROLES
        for role in json.loads(stage.kubectl("get", kind, "--all-namespaces", "--output=json"))["items"]
    ]
