"""
What we build, the API server takes: every child of generated services, with strict field validation.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from concordat.api import parse
from concordat.facts import Consumer, Facts, Platform, Provider
from concordat.plan.service import plan
from concordat.resources import kinds
from concordat_lab.programs import binaries
from concordat_lab.testing import control_plane as started
from tests.api.server import Server
from tests.api.strategies import manifests
from tests.conftest import established, kubectl

FACTS = Facts(
    platform=Platform(gateway_pods={"app": "gateway"}),
    installed=frozenset(kind.kind for kind in kinds.ALL if kind.optional),
    providers={
        "a": Provider(name="a", namespace="shop", object_name="a", ports={"http": (8011, "TCP"), "dns": (53, "UDP")}),
    },
    consumers=(Consumer(name="web", namespace="billing"),),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An API server of its own, with the definitions of every optional kind."""
    definitions = binaries.locate(("gateway-api.yaml", "prometheus-operator.yaml", "grafana-operator.yaml"))
    with started(simulated_nodes=0) as cluster:
        for file in definitions.values():
            kubectl(cluster, "apply", "--server-side", "-f", str(file))
            established(cluster)
        kubectl(cluster, "create", "namespace", "shop")
        found = Server(cluster.kubeconfig, tmp_path_factory.mktemp("client"))
        with found.http:
            yield found


@pytest.mark.controlplane
@given(manifests(namespace="shop"))
@settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_every_child_is_taken(server: Server, manifest: dict[str, Any]) -> None:
    """No field misspelled, no bound overrun, whatever the author wrote within the schema."""
    for child in plan(parse(manifest), FACTS).children:
        kind = child.kind
        refusal = server.refusal(f"{kind.path}/namespaces/shop/{kind.plural}", child.manifest)

        assert refusal is None, f"{child.key}: {refusal}"
