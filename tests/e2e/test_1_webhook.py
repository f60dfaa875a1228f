"""
Before it is stored: the API server asks the operator's pods through their Service, and believes their certificates.
"""

import base64
import json

import pytest

from concordat.cluster.trust import certificates
from concordat.manifest import Manifest, conventions
from tests.e2e.opening import PROBER_IMAGE, RELEASE, SHOP, SYSTEM
from tests.e2e.stage import Stage, eventually

pytestmark = [pytest.mark.node, pytest.mark.timeout(1800)]


def test_every_replica_is_believed(stage: Stage) -> None:
    """Each put its own certificate into the bundle, under the name of its pod."""
    pods = {pod["metadata"]["name"] for pod in stage.find("pods", SYSTEM) if pod["status"]["phase"] == "Running"}

    assert pods <= eventually(lambda: pods & _believed(stage) == pods and _believed(stage))


def test_what_will_not_be_built_is_refused_by_kubectl_apply(stage: Stage) -> None:
    """And nothing is stored. Asked a dozen times, so that each replica behind the Service answers some."""
    for _ in range(12):
        with pytest.raises(AssertionError, match=r"refused:\n 1\. spec\.egress\[0\]\.cidr: 169\.254\.169\.254"):
            stage.kubectl("apply", "--filename=-", stdin=json.dumps(_service(egress=[METADATA_OF_THE_CLOUD])))

    assert stage.get("microservice", SHOP, "refused") is None


def test_what_merely_waits_is_stored(stage: Stage) -> None:
    """With a warning; tried without storing it."""
    wanted = json.dumps(_service(consumes=[{"service": "nobody"}]))

    assert "created (server dry run)" in stage.kubectl("apply", "--dry-run=server", "--filename=-", stdin=wanted)


METADATA_OF_THE_CLOUD = {"cidr": "169.254.169.254/32", "port": 80}


def _believed(stage: Stage) -> set[str]:
    found = stage.get("validatingwebhookconfiguration", "", RELEASE)
    assert found is not None
    bundle = base64.b64decode(found["webhooks"][0]["clientConfig"].get("caBundle", "")).decode()
    return {certificate.owner for certificate in certificates(bundle)}


def _service(**spec: object) -> Manifest:
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.MICROSERVICE,
        "metadata": {"name": "refused", "namespace": SHOP},
        "spec": {"team": "platform", "image": PROBER_IMAGE, "ports": {"http": {"port": 8080}}, **spec},
    }
