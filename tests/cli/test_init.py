"""
A first Microservice from a Deployment.
"""

from typing import Any

from concordat.api import parse
from concordat.cli.service.init import from_deployment

DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "orders", "namespace": "shop"},
    "spec": {
        "replicas": 3,
        "template": {
            "spec": {
                "initContainers": [{"name": "migrate"}],
                "volumes": [{"name": "cache"}],
                "serviceAccountName": "robot",
                "containers": [
                    {
                        "name": "app",
                        "image": "example.com/orders:1.11",
                        "ports": [{"containerPort": 8011, "name": "http"}, {"containerPort": 9012}],
                        "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}},
                        "readinessProbe": {"tcpSocket": {"port": 9012}},
                        "startupProbe": {"exec": {"command": ["true"]}},
                        "resources": {"requests": {"cpu": "110m", "memory": "120Mi"}, "limits": {"memory": "130Mi"}},
                        "env": [
                            {"name": "LEVEL", "value": "info"},
                            {
                                "name": "PASSWORD",
                                "valueFrom": {"secretKeyRef": {"name": "orders-db", "key": "password"}},
                            },
                            {"name": "FOREIGN", "valueFrom": {"secretKeyRef": {"name": "payments", "key": "password"}}},
                            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                        ],
                    },
                    {"name": "proxy", "image": "example.com/proxy:1"},
                ],
            }
        },
    },
}


def test_what_a_microservice_can_say_is_carried_over() -> None:
    """Image, ports, probes, environment, resources and size; and the result is valid."""
    manifest, _ = from_deployment(DEPLOYMENT, [], team="checkout")

    assert {
        "team": "checkout",
        "image": "example.com/orders:1.11",
        "ports": {"http": {"port": 8011}, "port-9012": {"port": 9012}},
        "health": {"probes": {"live": {"path": "/live", "port": "http"}, "ready": {"port": "port-9012"}}},
        "env": [
            {"name": "LEVEL", "value": "info"},
            {"name": "PASSWORD", "secret": {"name": "orders-db", "key": "password"}},
        ],
        "resources": {"cpu": "110m", "memory": "120Mi", "memoryLimit": "130Mi"},
        "scaling": {"min": 3, "max": 3},
    } == manifest["spec"]
    assert "shop/orders" == parse(manifest).reference


def test_what_is_left_out_is_said() -> None:
    """Nothing is lost in silence."""
    _, left_out = from_deployment(DEPLOYMENT, [], team="checkout")

    assert [
        "container proxy: a Microservice has one container",
        "init container migrate",
        "volume cache: only /tmp is writable",
        "serviceAccountName: every Microservice has an identity of its own, without rights",
        "startupProbe: only HTTP and TCP can be asked",
        "env FOREIGN: secret payments does not carry the service's name",
        "env NODE: taken from fieldRef",
    ] == left_out


def test_an_autoscaler_gives_bounds_and_targets() -> None:
    """An existing HorizontalPodAutoscaler wins over the Deployment's replicas."""
    autoscaler = {
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "orders"},
            "minReplicas": 3,
            "maxReplicas": 11,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 65}},
                }
            ],
        }
    }

    manifest, _ = from_deployment(DEPLOYMENT, [autoscaler], team="checkout")

    assert {"min": 3, "max": 11, "cpu": 65} == manifest["spec"]["scaling"]
