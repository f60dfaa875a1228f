"""
The largest Microservice anybody can write is small enough for etcd, and its rules cheap enough for the API server.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from concordat.api import parse
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.api.server import Server


def longest(length: int, number: int = 0) -> str:
    """A name of that many characters, different for every number."""
    return f"a{number:03}".ljust(length, "x")


def largest() -> dict[str, Any]:
    """Every list, map and text at its bound."""
    host = ".".join(["a" * 61] * 4)
    name = longest(253)
    reference = longest(63) + "/" + longest(249)
    probe = {"path": "/" + "a" * 1023, "port": "p0" + "x" * 13, "periodSeconds": 300, "timeoutSeconds": 300}
    return {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "Microservice",
        "metadata": {"name": name},
        "spec": {
            "team": longest(63),
            "tier": "critical",
            "image": "a" * 400 + ":" + "v" * 30,
            "args": ["x" * 1024] * 32,
            "ports": {f"p{n}" + "x" * 13: {"port": 1024 + n, "appProtocol": "a" * 63} for n in range(8)},
            "health": {"probes": {"live": probe, "ready": probe, "startup": probe}},
            "env": [
                *({"name": longest(128, n), "value": "v" * 4096} for n in range(50)),
                *(
                    {"name": longest(128, n), "secret": {"name": name, "key": "k" * 253, "optional": True}}
                    for n in range(50, 100)
                ),
            ],
            "provides": [longest(253, n) for n in range(16)],
            "consumes": [
                {"service": f"{reference}{n:03}", "ports": [longest(15, p) for p in range(8)]} for n in range(64)
            ],
            "access": {"namespaces": [longest(63, n) for n in range(64)]},
            "egress": [
                {"pods": {f"{'a' * 189}/{longest(63, p)}": "v" * 63 for p in range(8)}, "port": 65535}
                for _ in range(64)
            ],
            "routing": {
                "hosts": [f"a{n:02}{host[3:]}" for n in range(16)],
                "paths": ["/" + longest(1023, n) for n in range(16)],
                "gateway": {"name": longest(63), "namespace": longest(63), "sectionName": longest(63)},
            },
            "objectives": [
                {"name": longest(63, n), "target": 99.999, "good": "g" * 994 + "_total", "total": "t" * 994 + "_total"}
                for n in range(16)
            ],
        },
    }


@pytest.fixture(scope="module")
def server(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(control_plane.kubeconfig, tmp_path_factory.mktemp("client"))
    with found.http:
        yield found


def test_the_largest_is_smaller_than_etcd_takes() -> None:
    """A Microservice and its Deployment together stay below the mebibyte and a half that etcd stores."""
    parse(largest())

    assert len(json.dumps(largest())) < 1024 * 1024


@pytest.mark.controlplane
def test_the_largest_stays_within_the_budget_of_the_rules(server: Server) -> None:
    """The API server stops a CEL rule that costs too much: what the bounds allow, it must never stop."""
    path = "/apis/concordat.dev/v1alpha1/namespaces/default/microservices"

    assert server.refusal(path, largest()) is None
