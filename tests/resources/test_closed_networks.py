"""No declaration of an author opens the way to credentials, to the cluster itself or to another service."""

from dataclasses import replace
from typing import Any

import pytest

from concordat.api import parse, parse_contract
from concordat.errors import InvalidInput
from concordat.facts import Facts, Platform
from concordat.facts.networks import outside_issuer
from concordat.manifest import conventions
from concordat.plan.service import plan
from tests.engine.rig import microservice
from tests.resources.test_metadata import OPEN, planned, reaches

CREDENTIALS = (
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "100.100.100.200",
    "168.63.129.16",
    "127.0.0.1",
    "224.0.0.1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
    "fe80::a9fe:a9fe",
    "::1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b::6464:64c8",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
)
WIDE: tuple[dict[str, Any], ...] = (
    {"host": "api.example.com"},
    {"cidr": "0.0.0.0/0"},
    {"cidr": "168.0.0.0/7"},
    {"cidr": "169.254.0.0/15"},
    {"cidr": "100.100.0.0/16"},
    {"cidr": "::/0"},
    {"cidr": "64::/16"},
    {"cidr": "64:ff9b::/32"},
    {"cidr": "2000::/3"},
    {"cidr": "fd00::/8"},
)


@pytest.mark.parametrize(
    "platform", [Platform(), OPEN, replace(OPEN, metadata_addresses=())], ids=["default", "open", "none"]
)
@pytest.mark.parametrize("egress", WIDE, ids=str)
def test_no_width_of_egress_reaches_credentials(platform: Platform, egress: dict[str, Any]) -> None:
    """Whatever the notation, and whatever the platform's settings leave out."""
    found = planned(platform, {"port": 80, **egress})

    assert [address for address in CREDENTIALS if reaches(found, address)] == []


@pytest.mark.parametrize("address", CREDENTIALS)
def test_a_closed_address_alone_is_refused_and_opens_nothing(address: str) -> None:
    cidr = f"{address}/{128 if ':' in address else 32}"
    found = planned(OPEN, {"cidr": cidr, "port": 80})

    assert [item.reason for item in found.violations] == [conventions.REASON_EGRESS_FORBIDDEN]


def test_networks_of_the_cluster_are_closed() -> None:
    platform = replace(Platform(), cluster_networks=("10.96.0.0/12", "203.0.113.7/32"))

    wide = planned(platform, {"cidr": "10.0.0.0/8", "port": 80}, {"host": "api.example.com", "port": 80})
    assert not reaches(wide, "10.96.0.1")
    assert not reaches(wide, "203.0.113.7")
    assert not reaches(planned(platform, {"cidr": "64:ff9b::/64", "port": 80}), "64:ff9b::a60:1")
    assert reaches(wide, "10.1.0.1")
    assert planned(platform, {"cidr": "10.97.0.0/16", "port": 80}).violations


def test_egress_to_pods_never_selects_those_of_a_microservice() -> None:
    """They are reached by consumes only; the policy says it, whatever labels a service's pods carry."""
    found = planned(Platform(), {"pods": {"app": "postgres"}, "port": 5432})
    (policy,) = [child.manifest for child in found.children if child.kind.kind == "NetworkPolicy"]
    (rule,) = [rule for rule in policy["spec"]["egress"] if rule["ports"] == [{"port": 5432, "protocol": "TCP"}]]
    (peer,) = rule["to"]
    assert peer["podSelector"]["matchExpressions"] == [{"key": conventions.LABEL_SERVICE, "operator": "DoesNotExist"}]

    refused = planned(Platform(), {"pods": {conventions.LABEL_SERVICE: "payments"}, "port": 80})
    assert [item.reason for item in refused.violations] == [conventions.REASON_EGRESS_FORBIDDEN]


@pytest.mark.parametrize(
    "issuer",
    [
        "http://x.kube-system.svc:10250",
        "https://x.kube-system.svc",
        "https://x.kube-system.svc.cluster.local:6443",
        "https://x.kube-system.svc.cluster.local.:6443",
        "https://x.kube-system",
        "https://kubernetes",
        "https://10.96.0.1",
        "https://a.b.0x7f",
        "https://1.2.3.0x7f",
        "https://2130706433",
        "https://[::1]",
        "https://id.example.com@x.kube-system.svc",
        "https://user@id.example.com",
        "https://metadata.google.internal",
        "https://printer.office.local",
        "http://id.example.com",
    ],
)
def test_an_issuer_is_a_public_host(issuer: str) -> None:
    """Else its contract's provider would choose where a consumer's client secret goes."""
    assert not outside_issuer(issuer, "cluster.local")
    assert not Platform().allows_issuer(issuer)
    assert replace(Platform(), token_issuers=(issuer,)).allows_issuer(issuer)


def test_public_issuers_need_no_setting() -> None:
    assert Platform().allows_issuer("https://id.example.com:8443/realms/shop")


def contract(secret: str) -> dict[str, Any]:
    conformance = {"headers": [{"name": "Authorization", "secret": {"name": secret, "key": "header"}}]}
    return {
        "apiVersion": conventions.API_VERSION,
        "kind": "ServiceContract",
        "metadata": {"name": "pets", "namespace": "shop"},
        "spec": {
            "type": "openapi",
            "version": "1.0.0",
            "document": {"inline": "{}"},
            "conformance": conformance,
        },
    }


@pytest.mark.parametrize("secret", ["payments-db", "pets", "pets-db", "pets-conformances", "a-pets-conformance"])
def test_a_trial_sends_no_secret_that_was_not_made_for_it(secret: str) -> None:
    with pytest.raises(InvalidInput, match="-conformance"):
        parse_contract(contract(secret))


@pytest.mark.parametrize("secret", ["pets-conformance", "pets-conformance-token"])
def test_a_trial_sends_the_secrets_made_for_it(secret: str) -> None:
    assert parse_contract(contract(secret)).spec.conformance


def test_a_service_without_egress_plans_as_before() -> None:
    assert plan(parse(microservice("orders", "shop")), Facts()).violations == ()
