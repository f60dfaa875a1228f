"""
The cloud's instance metadata: no declaration opens it.
"""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from concordat.api import parse
from concordat.facts import Facts, Platform
from concordat.plan.service import Plan, plan
from tests.engine.rig import microservice

OPEN = replace(Platform(), private_networks=())
"""A platform on which every network is public."""


def planned(platform: Platform, *egress: dict[str, Any]) -> Plan:
    return plan(parse(microservice("orders", "shop", egress=list(egress))), Facts(platform=platform))


def reaches(found: Plan, address: str) -> bool:
    """Whether a rule for port 80 lets the service out to ``address``."""
    (policy,) = [child.manifest for child in found.children if child.kind.kind == "NetworkPolicy"]
    blocks = [
        peer["ipBlock"]
        for rule in policy["spec"]["egress"]
        if {"port": 80, "protocol": "TCP"} in rule["ports"]
        for peer in rule["to"]
    ]
    return any(
        ip_address(address) in ip_network(block["cidr"])
        and not any(ip_address(address) in ip_network(closed) for closed in block.get("except", ()))
        for block in blocks
    )


@pytest.mark.parametrize("platform", [Platform(), OPEN], ids=["private networks", "none"])
@pytest.mark.parametrize("address", ["169.254.169.254", "168.63.129.16", "fd00:ec2::254"])
@pytest.mark.parametrize("egress", [{"host": "api.example.com"}, {"cidr": "0.0.0.0/0"}, {"cidr": "::/0"}], ids=str)
def test_no_width_of_egress_reaches_it(platform: Platform, address: str, egress: dict[str, Any]) -> None:
    """Neither by host nor by network; also where somebody calls no network private."""
    found = planned(platform, {"port": 80, **egress})

    assert not reaches(found, address)
    assert reaches(found, "198.51.100.7") or reaches(found, "2001:db8::7")


@pytest.mark.parametrize("cidr", ["100.100.100.0/24", "100.100.100.200/32", "100.100.100.192/26"])
def test_whatever_lies_in_it_is_refused(cidr: str) -> None:
    """Also a part of it, where the platform closes more than one address."""
    platform = replace(Platform(), metadata_addresses=("100.100.100.0/24",))

    assert ["EgressForbidden"] == [item.reason for item in planned(platform, {"cidr": cidr, "port": 80}).violations]


def test_what_is_closed_twice_is_said_once() -> None:
    """169.254.169.254 lies in 169.254.0.0/16; Kubernetes would take both, people would wonder."""
    (policy,) = [
        child.manifest
        for child in planned(Platform(), {"host": "api.example.com", "port": 80}).children
        if child.kind.kind == "NetworkPolicy"
    ]
    closed = policy["spec"]["egress"][-1]["to"][0]["ipBlock"]["except"]

    assert "169.254.0.0/16" in closed
    assert "169.254.169.254/32" not in closed
