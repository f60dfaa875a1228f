"""
Networks that no service reaches, whatever its author declares.

A network policy compares addresses only, so every notation of a closed address has to be closed: an IPv4 address is also
reached through NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056) and Teredo (RFC 4380). IPv4-mapped addresses (``::ffff:0:0/96``)
never leave a host, and Kubernetes does not accept them in a policy.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from urllib.parse import urlsplit

ALWAYS_CLOSED = (
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "::/96",
    "::ffff:0:0:0/96",
    "64:ff9b:1::/48",
    "2001::/32",
    "2002::/16",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "fd00:ec2::23/128",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
    "fd00:c1::a9fe:a9fe/128",
    "fd00:42::42/128",
)
"""
This host, loopback, link-local, multicast and reserved networks, the ways around them, and what hands out credentials.

169.254.0.0/16 holds the metadata of AWS (with ECS and EKS), Google, Azure, Oracle, IBM, OpenStack, DigitalOcean and Tencent.
Outside it are those of Alibaba (100.100.100.200), Azure's WireServer (168.63.129.16), Oracle's older one (192.0.0.192), and over
IPv6 those of EKS and AWS, Google, Oracle and Scaleway.
"""
_NAT64 = int(IPv6Address("64:ff9b::"))


@lru_cache(maxsize=256)
def closed(networks: tuple[str, ...]) -> tuple[str, ...]:
    """``networks`` and those that are always closed, each IPv4 network through NAT64 as well."""
    return tuple(dict.fromkeys((*ALWAYS_CLOSED, *networks, *_through_nat64((*ALWAYS_CLOSED, *networks)))))


def _through_nat64(networks: Iterable[str]) -> Iterable[str]:
    for network in map(ip_network, networks):
        if isinstance(network, IPv4Network):
            yield str(IPv6Network((_NAT64 + int(network.network_address), 96 + network.prefixlen)))


@lru_cache(maxsize=4096)
def without(cidr: str, closed: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """
    The network as Kubernetes wants it, and the outermost of ``closed`` inside it; None where all of it is closed.

    Cached: half of a plan's time.
    """
    network = ip_network(cidr, strict=False)
    shut = tuple(map(ip_network, closed))
    if any(_within(network, other) for other in shut):
        return None
    parts = dict.fromkeys(part for part in shut if _within(part, network))
    outermost = (part for part in parts if not any(_within(part, other) for other in parts if other != part))
    return str(network), tuple(map(str, outermost))


def outside_issuer(issuer: str, cluster_domain: str) -> bool:
    """
    Whether a token issuer is a public host reached by https.

    Names that a pod's resolver completes inside the cluster are not, nor are addresses in any notation: a top-level domain is
    never a number (RFC 3696, 2), whereas ``0x7f.1`` and ``2130706433`` are addresses to the C library.

    >>> outside_issuer("https://id.example.com", "cluster.local")
    True
    >>> outside_issuer("https://id.kube-system.svc", "cluster.local")
    False
    >>> outside_issuer("https://id.example.com:9999999", "cluster.local")
    False
    """
    try:
        found = urlsplit(issuer)
        host, _ = (found.hostname or "").removesuffix("."), found.port
    except ValueError:  # a forged status may hold any text, such as "http://[" or a port of seven digits
        return False
    labels = host.split(".")
    if found.scheme != "https" or found.username is not None or len(labels) < 2:
        return False
    if labels[-1] in _INSIDE or f".{host}".endswith(f".{cluster_domain}") or labels[2:3] == ["svc"]:
        return False
    # A resolver completes NAME.NAMESPACE inside the cluster too, so a name of two labels is never sure to be public.
    return len(labels) > 2 and labels[-1][:1].isalpha()


_INSIDE = frozenset({"svc", "local", "localhost", "internal", "home", "lan", "arpa"})
"""Last labels that are not public: special use (RFC 6761, RFC 6762), private use (ICANN's ``internal``), and Kubernetes'."""


def _within(part: IPv4Network | IPv6Network, network: IPv4Network | IPv6Network) -> bool:
    return part.version == network.version and part.subnet_of(network)  # type: ignore[arg-type]
