"""
Generated Microservices: what the types call valid and what the API server calls valid is the same.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from concordat.api import parse
from concordat.errors import InvalidInput
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.api.server import Server
from tests.api.strategies import damaged, manifests


@given(manifests())
@settings(max_examples=200, deadline=None)
def test_everything_valid_is_understood(manifest: dict[str, Any]) -> None:
    """No generated resource is refused."""
    parse(manifest)


@given(manifests())
@settings(max_examples=50, deadline=None)
def test_order_of_ports_means_nothing(manifest: dict[str, Any]) -> None:
    """The API server stores maps sorted; the main port must not depend on how somebody wrote them."""
    ports = dict(reversed(manifest["spec"]["ports"].items()))
    reordered = manifest | {"spec": manifest["spec"] | {"ports": ports}}

    assert parse(manifest).spec == parse(reordered).spec
    assert list(parse(manifest).spec.ports) == list(parse(reordered).spec.ports)


@given(damaged())
@settings(max_examples=400, deadline=None)
def test_whatever_is_written_is_understood_or_refused_by_field(manifest: dict[str, Any]) -> None:
    """Nothing crashes, and every refusal names a field and says something in words."""
    try:
        parse(manifest)
    except InvalidInput as error:
        for problem in error.problems:
            assert problem.path.startswith("spec"), problem
            assert len(problem.message.split()) >= 3, problem
            for jargon in ("validation", "pydantic", "Input should", "regex", "instance", "\\d", "^"):
                assert jargon not in problem.message, problem


@pytest.fixture(scope="module")
def server(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(control_plane.kubeconfig, tmp_path_factory.mktemp("client"))
    with found.http:
        yield found


@pytest.mark.controlplane
@given(st.one_of(manifests(), damaged()))
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_python_and_the_api_server_agree(server: Server, manifest: dict[str, Any]) -> None:
    """``concordat lint`` refuses offline exactly what the API server refuses; every CEL rule has its Python twin."""
    manifest = manifest | {"metadata": {"name": manifest["metadata"]["name"]}}
    try:
        parse(manifest)
        ours = None
    except InvalidInput as error:
        ours = str(error)

    theirs = server.refusal("/apis/concordat.dev/v1alpha1/namespaces/default/microservices", manifest)

    assert (ours is None) == (theirs is None), f"we say {ours}; the API server says {theirs}"
