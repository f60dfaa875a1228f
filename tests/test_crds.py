"""
The custom resources on a real API server.
"""

import pytest

from concordat_lab.control_plane.controlplane import ControlPlane
from tests.conftest import kubectl

pytestmark = pytest.mark.controlplane


def test_every_field_explains_itself(control_plane: ControlPlane) -> None:
    """``kubectl explain`` has a sentence for every field somebody may write."""
    explained = kubectl(control_plane, "explain", "microservice.spec", "--recursive")

    assert "consumes" in explained

    for field in ("team", "tier", "scaling.cpu", "consumes.contract", "egress.host", "routing.hosts"):
        text = kubectl(control_plane, "explain", f"microservice.spec.{field}")
        assert "<empty>" not in text, field


def test_a_short_name_and_columns_tell_the_truth_at_a_glance(control_plane: ControlPlane, namespace: str) -> None:
    """``kubectl get msvc`` answers with the columns of the design."""
    manifest = f"""
        apiVersion: concordat.dev/v1alpha1
        kind: Microservice
        metadata: {{name: orders, namespace: {namespace}}}
        spec: {{team: checkout, image: 'example.com/orders:1.11', ports: {{http: {{port: 8011}}}}}}
    """
    kubectl(control_plane, "apply", "-f", "-", stdin=manifest)

    header, row = kubectl(control_plane, "get", "msvc", "-n", namespace).splitlines()

    assert ["NAME", "READY", "TEAM", "VERSION", "REPLICAS", "CONTRACTS", "AGE"] == header.split()
    assert "orders" == row.split()[0]
    assert "checkout" in row.split()
