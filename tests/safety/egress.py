"""
Which addresses a generated policy opens, against an oracle of its own: Python's ``ipaddress`` and the standards it follows.

Declarations and addresses are drawn at random, in every notation an IPv4 address has inside IPv6.
"""

import random
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any

from concordat.api import Microservice, parse
from concordat.facts import Facts, Platform
from concordat.resources import network_policy
from tests.engine.rig import microservice
from tests.policies.evaluator import End, connects

Address = IPv4Address | IPv6Address

CREDENTIALS = tuple(
    map(
        IPv4Address,
        ("169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    )
) + tuple(map(IPv6Address, ("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254")))
"""What hands out credentials on some cloud, by the clouds' own documentation."""
CLUSTER = ("10.96.0.0/12", "10.244.0.0/16", "fd00:10:96::/112")
"""Networks of pods and Services, as a platform would state them."""
_NAT64, _6TO4, _TEREDO = (IPv6Network(text) for text in ("64:ff9b::/96", "2002::/16", "2001::/32"))

_THIS_NETWORK = IPv4Network("0.0.0.0/8")
"""RFC 1122, 3.2.1.3."""
_TRANSLATED = (IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"), IPv6Network("::ffff:0:0:0/96"))
"""Forms of IPv4 addresses nobody needs to name: RFC 8215, RFC 4291 2.5.5.1, RFC 2765."""


def embedded(address: Address) -> Address:
    """The IPv4 address that is really reached, where one stands inside an IPv6 address."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        if address.sixtofour is not None:
            return address.sixtofour
    return address


def closed(address: Address) -> bool:
    """Whether no declaration may open it."""
    reached = embedded(address)
    if isinstance(address, IPv6Address) and (address in _6TO4 or address in _TEREDO):
        return True  # tunnels to IPv4 addresses, whatever these are
    return (
        reached.is_link_local
        or reached.is_loopback
        or reached.is_multicast
        or reached.is_unspecified
        or (isinstance(reached, IPv4Address) and (reached.is_reserved or reached in _THIS_NETWORK))
        or (isinstance(reached, IPv6Address) and (reached.is_site_local or any(reached in net for net in _TRANSLATED)))
        or reached in CREDENTIALS
        or any(reached.version == net.version and reached in net for net in map(ip_network, CLUSTER))
    )


def trials(seed: int, count: int) -> Iterator[tuple[str, Address, bool]]:
    """``count`` triples: the declared network, an address, and whether the policy must open it."""
    rng = random.Random(seed)
    for _ in range(count):
        address = _address(rng)
        declared = _network(rng, address)
        inside = address.version == declared.version and address in declared
        yield str(declared), address, inside and not closed(address)


def opens(declared: str, address: Address) -> bool:
    """Whether the policy generated for ``egress: [{cidr: declared, port: 443}]`` lets a pod reach the address."""
    policy = network_policy.build(_service(declared), _FACTS)
    assert policy is not None
    pod = End(name="orders", namespace="shop", address="10.244.0.11", labels={"concordat.dev/service": "orders"})
    return connects([policy], pod, End(name="far", address=str(address)), 443, "TCP")


_FACTS = Facts(platform=Platform(cluster_networks=CLUSTER))


def _service(declared: str) -> Microservice:
    manifest = microservice("orders", "shop", egress=[{"cidr": declared, "port": 443}])
    return parse(manifest)


def _address(rng: random.Random) -> Address:
    four = rng.choice(
        [
            IPv4Address(rng.getrandbits(32)),
            IPv4Address(rng.choice([address for address in CREDENTIALS if isinstance(address, IPv4Address)])),
            IPv4Address(0xA9FE0000 | rng.getrandbits(16)),  # 169.254.0.0/16
            IPv4Address(0x7F000000 | rng.getrandbits(24)),  # 127.0.0.0/8
            IPv4Address(0x0A600000 | rng.getrandbits(20)),  # the Services
        ]
    )
    number = int(four)
    return rng.choice(
        [
            four,
            four,
            IPv6Address(int(IPv6Address("64:ff9b::")) | number),
            IPv6Address(int(IPv6Address("2002::")) | number << 80 | rng.getrandbits(80)),
            IPv6Address(rng.choice([address for address in CREDENTIALS if isinstance(address, IPv6Address)])),
            IPv6Address(int(IPv6Address("fe80::")) | rng.getrandbits(64)),
            IPv6Address(int(IPv6Address("2600::")) | rng.getrandbits(96)),
            IPv6Address(rng.getrandbits(128)),
        ]
    )


def _network(rng: random.Random, address: Address) -> IPv4Network | IPv6Network:
    """Around the address, or anywhere; of any size that may be declared. Never wholly closed: that is refused."""
    near = address if rng.random() < 0.8 else type(address)(rng.getrandbits(address.max_prefixlen))
    widest = 0 if rng.random() < 0.3 else 8
    prefix = rng.randint(widest, address.max_prefixlen)
    return ip_network(f"{near}/{prefix}", strict=False)


def policy_addresses_wrong(count: int = 100_000) -> Mapping[str, Any]:
    """Addresses that a generated policy opens and must not, or closes and must not."""
    wrong = [
        (declared, str(address))
        for declared, address, expected in _acceptable(trials(11, count))
        if opens(declared, address) is not expected
    ]
    return {
        "figure": "policy_addresses_wrong",
        "value": len(wrong),
        "unit": f"of {count}",
        "goal": "0",
        "holds": not wrong,
        "examples": wrong[:5],
    }


def _acceptable(found: Iterator[tuple[str, Address, bool]]) -> Iterator[tuple[str, Address, bool]]:
    """What the types take: IPv4-mapped networks are refused before anything is generated."""
    mapped = IPv6Network("::ffff:0:0/96")
    for declared, address, expected in found:
        network = ip_network(declared)
        if isinstance(network, IPv6Network) and network.subnet_of(mapped):
            continue
        yield declared, address, expected


FIGURES = (policy_addresses_wrong,)
