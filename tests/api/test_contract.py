"""
``ServiceContract``: what is refused, by the API server and by Python in the same words.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from concordat.api import ServiceContract, ServiceContractStatus, parse_contract
from concordat.api.contract import ServiceContractSpec
from concordat.api.values.semver import Version, allows
from concordat.errors import InvalidInput
from concordat_lab.control_plane.controlplane import ControlPlane
from tests.api.server import Server
from tests.conftest import kubectl

PATH = "/apis/concordat.dev/v1alpha1/namespaces/default/servicecontracts"
SMALLEST: dict[str, Any] = {"type": "openapi", "version": "1.4.0", "document": {"inline": "openapi: 3.1.0"}}
KEY = {"name": "payments-api-1.4.0", "key": "openapi.json"}


def contract(**spec: Any) -> dict[str, Any]:
    """A ServiceContract; what is ``None`` is left out."""
    said = {name: value for name, value in (SMALLEST | spec).items() if value is not None}
    return {
        "apiVersion": "concordat.dev/v1alpha1",
        "kind": "ServiceContract",
        "metadata": {"name": "payments-api", "namespace": "default"},
        "spec": said,
    }


VALID: dict[str, dict[str, Any]] = {
    "smallest": {},
    "in a ConfigMap": {"document": {"configMap": KEY}},
    "in pieces": {"document": {"parts": [KEY, KEY | {"key": "2"}]}},
    "a pre-release": {"version": "2.0.0-rc.1+build.7"},
    "deprecated": {"lifecycle": {"state": "deprecated", "sunset": "2027-06-30", "successor": "payments-api-v2"}},
    "external": {
        "externalConsumers": [{"name": "partner-x", "uses": [{"operation": "createPayment", "reads": ["id"]}]}]
    },
    "access": {"access": {"namespaces": ["shop", "billing"]}},
    "objectives": {
        "objectives": [
            {"name": "availability", "target": 99.9, "window": "90d", "minimumBadEvents": 7},
            {"name": "latency", "target": 99, "below": "130ms", "operation": "POST /payments/{id}"},
        ]
    },
    "tokens": {
        "auth": {
            "scheme": "jwt",
            "issuer": "https://id.example.com:8443/realms/shop",
            "audience": "payments",
            "scopes": {"createPayment": ["payments:write", "a.b/c[]"], "GET /payments/{id}": ["x"]},
        },
        "externalConsumers": [{"name": "partner-x", "scopes": ["payments:write"]}, {"name": "partner-y", "scopes": []}],
    },
    "tokens of an issuer inside": {"auth": {"issuer": "http://keycloak.identity.svc.cluster.local:8080/realms/a"}},
    "tokens for whatever is asked": {"type": "graphql", "auth": {"issuer": "https://id.example.com", "scopes": {}}},
    "every compatibility": {"compatibility": "full-transitive"},
    "tried": {"type": "graphql", "conformance": {"schedule": "0 3 * * *", "profile": "strict", "path": "/api/graphql"}},
}
INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "messages tried": ({"type": "asyncapi", "conformance": {}}, "leave conformance out"),
    "a path that is none": ({"conformance": {"path": "graphql"}}, "start the path with a slash"),
    "a schedule in words": ({"conformance": {"schedule": "@daily"}}, "give cron's five fields"),
    "no type": ({"type": None}, "type"),
    "a type nobody knows": ({"type": "raml"}, "type"),
    "half a version": ({"version": "1.4"}, "give a semantic version of three numbers"),
    "a v before it": ({"version": "v1.4.0"}, "give a semantic version of three numbers"),
    "no document": ({"document": {}}, "give exactly one of inline, configMap and parts"),
    "two documents": (
        {"document": {"inline": "x", "configMap": KEY}},
        "give exactly one of inline, configMap and parts",
    ),
    "a large document": ({"document": {"inline": "x" * (200 * 1024 + 1)}}, "document.inline"),
    "sunset of what is active": ({"lifecycle": {"sunset": "2027-06-30"}}, "set state to deprecated, or leave it out"),
    "no such day": (
        {"lifecycle": {"state": "deprecated", "sunset": "2027-06-31"}},
        "give a day as year, month and day",
    ),
    "a latency without a threshold": ({"objectives": [{"name": "latency", "target": 99}]}, "say below which time"),
    "an operation without a method": (
        {"objectives": [{"name": "x", "target": 99, "operation": "/payments"}]},
        "give method and path",
    ),
    "a query in a contract": ({"objectives": [{"name": "x", "target": 99, "good": "a_total"}]}, "objectives"),
    "an issuer without a certificate": ({"auth": {"issuer": "http://id.example.com"}}, "give the issuer as its tokens"),
    "an issuer with a port too high": (
        {"auth": {"issuer": "https://id.example.com:65536"}},
        "give the issuer as its tokens",
    ),
    "an issuer with a question": ({"auth": {"issuer": "https://id.example.com/?a=b"}}, "give the issuer as its tokens"),
    "an audience of two words": (
        {"auth": {"issuer": "https://a.b", "audience": "a b"}},
        "give what the tokens say in aud",
    ),
    "a scope of two words": (
        {"auth": {"issuer": "https://id.example.com", "scopes": {"createPayment": ["a b"]}}},
        "a scope has no spaces",
    ),
    "no scope": ({"auth": {"issuer": "https://id.example.com", "scopes": {"createPayment": []}}}, "auth.scopes"),
    "scopes of nothing": (
        {"auth": {"issuer": "https://id.example.com", "scopes": {"": ["a"]}}},
        "name each operation, in at most 256 characters",
    ),
    "scopes of too much": (
        {"auth": {"issuer": "https://id.example.com", "scopes": {f"op-{number}": ["a"] for number in range(65)}}},
        "auth.scopes",
    ),
    "another scheme": ({"auth": {"issuer": "https://id.example.com", "scheme": "basic"}}, "auth.scheme"),
    "tokens without an issuer": ({"auth": {"audience": "payments"}}, "auth.issuer"),
    "tokens for a broker": (
        {"type": "asyncapi", "auth": {"issuer": "https://a.b"}},
        "a broker sees no tokens of operations",
    ),
    "scopes nobody could demand": (
        {"type": "graphql", "auth": {"issuer": "https://a.b", "scopes": {"Query.a": ["a"]}}},
        "which only OpenAPI documents tell",
    ),
    "a partner's scope twice": ({"externalConsumers": [{"name": "x", "scopes": ["a", "a"]}]}, "externalConsumers"),
    "a consumer twice": ({"externalConsumers": [{"name": "x"}, {"name": "x"}]}, "externalConsumers"),
    "a field nobody knows": ({"lifecycle": {"status": "active"}}, "lifecycle"),
}
TRANSITIONS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another language": ({}, {"type": "graphql"}, "the type of a contract stays"),
    "back from the dead": ({"lifecycle": {"state": "retired"}}, {}, "a retired contract stays retired"),
    "a draft again": ({}, {"lifecycle": {"state": "draft"}}, "it cannot become a draft again"),
    "an earlier sunset": (
        {"lifecycle": {"state": "deprecated", "sunset": "2027-06-30"}},
        {"lifecycle": {"state": "deprecated", "sunset": "2027-06-29"}},
        "it can be moved later or taken back, never earlier",
    ),
    "a later sunset": (
        {"lifecycle": {"state": "deprecated", "sunset": "2027-06-30"}},
        {"lifecycle": {"state": "deprecated", "sunset": "2027-07-01"}},
        "",
    ),
    "undeprecated": ({"lifecycle": {"state": "deprecated"}}, {"lifecycle": {"state": "active"}}, ""),
    "out of draft": ({"lifecycle": {"state": "draft"}}, {}, ""),
    "retired": ({"lifecycle": {"state": "deprecated"}}, {"lifecycle": {"state": "retired"}}, ""),
}


@pytest.fixture(scope="module")
def server(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(control_plane.kubeconfig, tmp_path_factory.mktemp("client"))
    with found.http:
        yield found


@pytest.mark.controlplane
@pytest.mark.parametrize("name", VALID)
def test_what_is_valid_is_taken(server: Server, name: str) -> None:
    """By both."""
    parse_contract(contract(**VALID[name]))
    assert server.refusal(PATH, contract(**VALID[name])) is None


@pytest.mark.controlplane
@pytest.mark.parametrize("name", INVALID)
def test_what_is_invalid_is_refused_by_both_with_the_remedy(server: Server, name: str) -> None:
    """The API server and Python name the same field, or say the same sentence."""
    spec, remedy = INVALID[name]
    with pytest.raises(InvalidInput) as refusal:
        parse_contract(contract(**spec))
    assert remedy in str(refusal.value)
    assert remedy in (server.refusal(PATH, contract(**spec)) or "")


@pytest.mark.controlplane
@pytest.mark.parametrize("name", TRANSITIONS)
def test_what_a_life_may_not_do_is_refused_by_both(control_plane: ControlPlane, namespace: str, name: str) -> None:
    """What was promised is kept: the API server compares with what is stored."""
    before, after, remedy = TRANSITIONS[name]
    old, new = (parse_contract(contract(**spec)).spec for spec in (before, after))
    status = ServiceContractStatus(state=old.lifecycle.state.value, sunset=old.lifecycle.sunset or "")
    broken = [rule.message for rule in ServiceContractSpec.transitions if not rule.holds(old, new)]
    broken += [rule.message for rule in ServiceContract.transitions if not rule.holds(status, new)]
    _store(control_plane, namespace, contract(**before))
    accepted = json.dumps({"status": {"state": status.state, "sunset": status.sunset}})
    patch = (
        "patch",
        "contract",
        "payments-api",
        "-n",
        namespace,
        "--subresource=status",
        "--type=merge",
        "-p",
        accepted,
    )
    kubectl(control_plane, *patch)

    if not remedy:
        _store(control_plane, namespace, contract(**after))
        assert broken == []
        return
    with pytest.raises(Exception, match=remedy):
        _store(control_plane, namespace, contract(**after))
    assert [remedy in message for message in broken] == [True]


def _store(cluster: ControlPlane, namespace: str, manifest: dict[str, Any]) -> None:
    manifest["metadata"]["namespace"] = namespace
    kubectl(cluster, "replace" if _exists(cluster, namespace) else "create", "-f", "-", stdin=json.dumps(manifest))


def _exists(cluster: ControlPlane, namespace: str) -> bool:
    return bool(kubectl(cluster, "get", "contract", "-n", namespace, "-o", "name").strip())


@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        (">=1.2 <2", ["1.2.0", "1.11.3", "1.999.0"], ["1.1.9", "2.0.0", "2.0.0-rc.1", "1.2.0-rc.1"]),
        ("1.2", ["1.2.0", "1.2.13"], ["1.3.0", "1.1.0"]),
        ("1.2.3", ["1.2.3", "1.2.3+build"], ["1.2.4", "1.2.3-rc.1"]),
        ("^1.2", ["1.2.0", "1.13.0"], ["1.1.0", "2.0.0"]),
        ("^0.3.1", ["0.3.1", "0.3.11"], ["0.3.0", "0.4.0", "1.3.1"]),
        ("~1.2.3", ["1.2.3", "1.2.11"], ["1.3.0", "1.2.2"]),
        (">1.2 <=1.4", ["1.3.0", "1.4.11"], ["1.2.11", "1.5.0"]),
    ],
)
def test_ranges_hold_what_people_mean_by_them(wanted: str, inside: list[str], outside: list[str]) -> None:
    """A bound of two numbers speaks of every patch, and a pre-release of 2.0.0 is not below 2."""
    assert [True] * len(inside) == [allows(wanted, version) for version in inside]
    assert [False] * len(outside) == [allows(wanted, version) for version in outside]


def test_versions_are_ordered_as_semver_orders_them() -> None:
    """The list of SemVer 11, and the line within which nothing may break."""
    ordered = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0",
    ]
    assert sorted(set(ordered), key=Version) == ordered
    assert Version("1.0.0+a") == Version("1.0.0+b")
    assert [Version("1.4.2").next_line.text, Version("0.3.1").next_line.text] == ["2.0.0", "0.4.0"]
