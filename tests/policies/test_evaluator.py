"""
The evaluator says what the Kubernetes documentation says, by its own examples.
"""

import pytest

from tests.policies.evaluator import End, Policy, connects

WEB = End(name="web", namespace="shop", address="10.11.0.1", labels={"app": "web"})
OTHER = End(name="other", namespace="shop", address="10.11.0.2", labels={"app": "other"})
FOREIGN = End(name="foreign", namespace="else", address="10.11.0.3", labels={"app": "web"})
OUTSIDE = End(name="outside", address="198.51.100.11")


def policy(**spec: object) -> Policy:
    """Selects WEB."""
    return {
        "metadata": {"namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, **spec},
    }


def ingress(*rules: object) -> Policy:
    return policy(policyTypes=["Ingress"], ingress=list(rules))


def test_no_policy_allows_everything() -> None:
    """Without a policy that selects it, a pod is open."""
    assert connects([], FOREIGN, WEB, 11, "TCP")


def test_a_selected_pod_is_closed_but_for_the_rules() -> None:
    """Default deny, in the direction of the policy only, and for the selected pods only."""
    closed = [ingress()]

    assert not connects(closed, OTHER, WEB, 11, "TCP")
    assert connects(closed, WEB, OTHER, 11, "TCP")


def test_policies_add_up() -> None:
    """What one policy allows no other can forbid."""
    assert connects([ingress(), ingress({"from": []})], OTHER, WEB, 11, "TCP")


def test_selectors_of_one_peer_are_joined_by_and_peers_by_or() -> None:
    """The trap of the documentation: one dash makes the difference."""
    namespace, pods = {"matchLabels": {"kubernetes.io/metadata.name": "else"}}, {"matchLabels": {"app": "other"}}
    both = [ingress({"from": [{"namespaceSelector": namespace, "podSelector": pods}]})]
    either = [ingress({"from": [{"namespaceSelector": namespace}, {"podSelector": pods}]})]

    assert not connects(both, FOREIGN, WEB, 11, "TCP")
    assert not connects(both, OTHER, WEB, 11, "TCP")
    assert connects(either, FOREIGN, WEB, 11, "TCP")
    assert connects(either, OTHER, WEB, 11, "TCP")


def test_a_pod_selector_alone_means_the_own_namespace() -> None:
    """Labels of another namespace's pods count for nothing without a namespaceSelector."""
    assert not connects(
        [ingress({"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]})], FOREIGN, WEB, 11, "TCP"
    )


def test_an_empty_list_of_ports_is_every_port() -> None:
    """The most dangerous default of all."""
    assert connects([ingress({"from": [], "ports": []})], OTHER, WEB, 4711, "UDP")


@pytest.mark.parametrize(("port", "protocol", "expected"), [(11, "TCP", True), (12, "TCP", False), (11, "UDP", False)])
def test_a_port_is_a_number_and_a_protocol(port: int, protocol: str, expected: bool) -> None:
    """DNS needs two rules for one number."""
    found = connects([ingress({"from": [], "ports": [{"port": 11, "protocol": "TCP"}]})], OTHER, WEB, port, protocol)

    assert expected == found


def test_exceptions_are_cut_out_of_a_network() -> None:
    """``except`` wins inside its block."""
    block = {"ipBlock": {"cidr": "198.51.0.0/16", "except": ["198.51.100.0/24"]}}
    out = [policy(policyTypes=["Egress"], egress=[{"to": [block]}])]

    assert not connects(out, WEB, OUTSIDE, 11, "TCP")
    assert connects(out, WEB, End(name="near", address="198.51.11.1"), 11, "TCP")
