"""
What NetworkPolicies allow, by the words of the API reference and nothing else.

A pod selected by no policy of a direction is open in it; one that is selected may do only what some rule of some policy
allows. A connection needs both ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Policy = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class End:
    """A pod, or, without a namespace, an address outside the cluster."""

    name: str
    address: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)


def connects(policies: Sequence[Policy], source: End, target: End, port: int, protocol: str) -> bool:
    """Whether ``source`` can open a connection to ``port`` of ``target``."""
    return _allows(policies, "Egress", source, target, port, protocol) and _allows(
        policies, "Ingress", target, source, port, protocol
    )


def _allows(policies: Sequence[Policy], direction: str, own: End, other: End, port: int, protocol: str) -> bool:
    selecting = [
        policy["spec"]
        for policy in policies
        if own.namespace
        and policy["metadata"]["namespace"] == own.namespace
        and direction in policy["spec"]["policyTypes"]
        and _selects(policy["spec"]["podSelector"], own.labels)
    ]
    peers = {"Egress": "to", "Ingress": "from"}[direction]
    return not selecting or any(
        _peer_matches(rule.get(peers), own, other) and _port_matches(rule.get("ports"), port, protocol)
        for spec in selecting
        for rule in spec.get(direction.lower(), [])
    )


def _peer_matches(peers: Sequence[Mapping[str, Any]] | None, own: End, other: End) -> bool:
    """No peers, or an empty list of them, is everybody; the selectors of one peer are joined by "and", peers by "or"."""
    return not peers or any(_is(peer, own, other) for peer in peers)


def _is(peer: Mapping[str, Any], own: End, other: End) -> bool:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        return _inside(other.address, block["cidr"]) and not any(
            _inside(other.address, part) for part in block.get("except", [])
        )
    if not other.namespace:
        return False
    if "namespaceSelector" in peer:
        in_namespace = _selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": other.namespace})
    else:
        in_namespace = other.namespace == own.namespace
    return in_namespace and _selects(peer.get("podSelector", {}), other.labels)


def _port_matches(ports: Sequence[Mapping[str, Any]] | None, number: int, protocol: str) -> bool:
    """No ports, or an empty list of them, is every port."""
    return not ports or any(port["port"] == number and port.get("protocol", "TCP") == protocol for port in ports)


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """An empty selector selects everything."""
    wanted = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    return wanted and all(_holds(expression, labels) for expression in selector.get("matchExpressions", ()))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """As `LabelSelectorRequirement` of the Kubernetes API has it: what is not there is not in any list."""
    value, values = labels.get(expression["key"]), expression.get("values", ())
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    raise AssertionError(f"no such operator: {expression['operator']}")


def _inside(address: str, network: str) -> bool:
    one, many = ip_address(address), ip_network(network)
    return one.version == many.version and one in many
