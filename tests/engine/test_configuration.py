"""
The operator's environment variables: what they mean, and what is said about those that cannot be used.
"""

import re
from dataclasses import replace

import pytest

from concordat.errors import InvalidInput
from concordat.facts import Platform
from concordat.reconcile import configuration
from tests.engine.cluster import CRDS


def test_nothing_stated_is_a_whole_cluster_by_the_defaults() -> None:
    """An operator started by hand on a laptop needs no setting."""
    read = configuration.read({"HOME": "/root"})
    assert read.engine.platform == Platform()
    assert (read.engine.namespaces, read.lease_name, read.http_port) == ((), "", 8080)


def test_everything_can_be_stated() -> None:
    """Each variable reaches its place."""
    read = configuration.read(
        {
            "CONCORDAT_NAMESPACES": "shop, bank",
            "CONCORDAT_GATEWAY": "edge/public",
            "CONCORDAT_GATEWAY_PODS": "app=traefik,tier=edge",
            "CONCORDAT_MONITORING_NAMESPACE": "observability",
            "CONCORDAT_DNS_NAMESPACE": "dns",
            "CONCORDAT_DNS_PODS": "app=coredns",
            "CONCORDAT_DNS_ADDRESSES": "10.96.0.10/32",
            "CONCORDAT_DNS_PORTS": "53,5353",
            "CONCORDAT_CLUSTER_DOMAIN": "corp.local",
            "CONCORDAT_PRIVATE_NETWORKS": "10.0.0.0/8,fd00::/8",
            "CONCORDAT_METADATA_ADDRESSES": "100.100.100.200/32",
            "CONCORDAT_LEASE_NAME": "concordat",
            "CONCORDAT_LEASE_NAMESPACE": "system",
            "CONCORDAT_IDENTITY": "pod-1",
            "CONCORDAT_HTTP_PORT": "9999",
            "CONCORDAT_WORKERS": "13",
            "CONCORDAT_LOG_LEVEL": "DEBUG",
            "CONCORDAT_LOG_FORMAT": "json",
        }
    )
    platform = read.engine.platform
    assert (platform.gateway_namespace, platform.gateway_name) == ("edge", "public")
    assert platform.gateway_pods == {"app": "traefik", "tier": "edge"}
    assert (platform.monitoring_namespace, platform.cluster_domain) == ("observability", "corp.local")
    assert (platform.dns_namespace, platform.dns_pods) == ("dns", {"app": "coredns"})
    assert (platform.dns_addresses, platform.dns_ports) == (("10.96.0.10/32",), (53, 5353))
    assert platform.private_networks == ("10.0.0.0/8", "fd00::/8")
    assert platform.metadata_addresses == ("100.100.100.200/32",)
    assert (read.lease_name, read.lease_namespace, read.identity) == ("concordat", "system", "pod-1")
    assert (read.engine.namespaces, read.engine.workers) == (("shop", "bank"), 13)
    assert (read.http_port, read.log_level, read.log_format) == (9999, "debug", "json")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONCORDAT_WORKER", "3"),
        ("CONCORDAT_WORKERS", "0"),
        ("CONCORDAT_HTTP_PORT", "http"),
        ("CONCORDAT_DNS_ADDRESSES", "10.0.0.300"),
        ("CONCORDAT_DNS_PORTS", ""),  # a policy without ports would open them all
        ("CONCORDAT_DNS_PODS", "kube-dns"),
        ("CONCORDAT_LOG_LEVEL", "loud"),
        ("CONCORDAT_GRAFANA_URL", "grafana.example.com"),
        ("CONCORDAT_RUNBOOKS_URL", "javascript:alert(1)"),
        ("CONCORDAT_ALERTS_URL", 'https://example.com/"'),
        ("CONCORDAT_MONITORING_LABELS", "kube-prometheus-stack"),
        ("CONCORDAT_OTLP_ENDPOINT", "https://collector.example.com"),
        ("CONCORDAT_OTLP_ENDPOINT", "http://10.0.0.11:4318"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str) -> None:
    """With the name of the variable."""
    with pytest.raises(InvalidInput) as caught:
        configuration.read({name: value})
    assert [problem.path for problem in caught.value.problems] == [name]


def test_none_is_not_the_same_as_not_stated() -> None:
    """A cluster without node-local DNS, or one on public addresses alone, can say so."""
    read = configuration.read(
        dict.fromkeys(
            (
                "CONCORDAT_DNS_ADDRESSES",
                "CONCORDAT_DNS_PODS",
                "CONCORDAT_PRIVATE_NETWORKS",
                "CONCORDAT_METADATA_ADDRESSES",
            ),
            "",
        )
    )
    none = replace(Platform(), dns_addresses=(), dns_pods={}, private_networks=(), metadata_addresses=())
    assert read.engine.platform == none


def test_settings_of_the_local_cluster_are_not_ours() -> None:
    """They stand in the shell of whoever starts the operator by hand."""
    assert configuration.read({"CONCORDAT_BINARIES": "/opt/bin"}) == configuration.read({})


def test_all_complaints_come_at_once() -> None:
    """Nobody wants to restart six times."""
    with pytest.raises(InvalidInput) as caught:
        configuration.read({"CONCORDAT_WORKERS": "x", "CONCORDAT_DNS_PORTS": "y", "CONCORDAT_NOPE": "z"})
    assert len(caught.value.problems) == 3


def test_the_documentation_lists_every_variable() -> None:
    """And no other."""
    page = (CRDS.parent / "docs" / "engine.md").read_text()
    assert set(re.findall(r"CONCORDAT_[A-Z_]+", page)) == configuration.KNOWN


def test_the_chart_sets_no_variable_that_does_not_exist() -> None:
    """A misspelt one would keep the operator from starting."""
    template = (CRDS.parent / "charts" / "concordat" / "templates" / "_environment.tpl").read_text()
    assert set(re.findall(r"name: (CONCORDAT_[A-Z_]+)", template)) <= configuration.KNOWN
