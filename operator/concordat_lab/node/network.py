"""Addresses of one cluster, and its one link to the host."""

import ipaddress
import json
import subprocess
from dataclasses import dataclass

from concordat_lab.errors import LabError, Unavailable

NUMBERS = range(1, 31)
BRIDGE = "pods0"


@dataclass(frozen=True, kw_only=True)
class Network:
    """Everything follows from one small number; clusters side by side have different ones."""

    number: int

    @property
    def link(self) -> str:
        """The host's end of the veth pair."""
        return f"concordat{self.number}"

    @property
    def peer(self) -> str:
        """The node's end."""
        return f"{self.link}p"

    @property
    def host(self) -> str:
        return f"169.254.{self.number}.1"

    @property
    def node(self) -> str:
        """Where the host sends what is for the cluster."""
        return f"169.254.{self.number}.2"

    @property
    def bridge(self) -> str:
        """The node's address among its pods; the API server and kubelet listen here."""
        return f"10.{84 + 2 * self.number}.0.1"

    @property
    def node_pods(self) -> str:
        return f"10.{84 + 2 * self.number}.0.0/24"

    @property
    def pods(self) -> str:
        return f"10.{84 + 2 * self.number}.0.0/16"

    @property
    def services(self) -> str:
        return f"10.{200 + self.number}.0.0/16"

    @property
    def api_service(self) -> str:
        """The ClusterIP of the Service ``kubernetes``."""
        return f"10.{200 + self.number}.0.1"

    @property
    def dns(self) -> str:
        """The ClusterIP of the Service ``kube-dns``; the tenth of its range, as kubeadm has it."""
        return f"10.{200 + self.number}.0.10"


def claim() -> Network:
    """
    The first number nobody has, by making its link: the kernel lets one claim it.

    :raises Unavailable: every number is taken, or its networks are routed elsewhere.
    """
    routed = _routed()
    for number in NUMBERS:
        network = Network(number=number)
        wanted = (network.pods, network.services, f"169.254.{number}.0/30")
        if any(ipaddress.IPv4Network(mine).overlaps(route) for mine in wanted for route in routed):
            continue
        done = _ip("link", "add", network.link, "type", "veth", "peer", "name", network.peer)
        if done.returncode == 0:
            return network
        if "File exists" not in done.stderr:
            raise LabError(f"ip link add {network.link}: {done.stderr.strip()}")
    raise Unavailable(f"no free network among {len(NUMBERS)}: end a cluster (concordat down --name ...)")


def connect(network: Network, pid: int) -> None:
    """The host's side: hand the peer to the namespace of ``pid``, and send pods and Services there."""
    must_ip("link", "set", network.peer, "netns", str(pid))
    must_ip("address", "add", f"{network.host}/30", "dev", network.link)
    must_ip("link", "set", network.link, "up")
    for cidr in (network.pods, network.services):
        must_ip("route", "replace", cidr, "via", network.node, "dev", network.link, "onlink")


def disconnect(link: str) -> None:
    """Remove the link, if it is still there; its routes go with it."""
    _ip("link", "delete", link)


def must_ip(*arguments: str) -> None:
    done = _ip(*arguments)
    if done.returncode:
        raise LabError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True)


def _routed() -> list[ipaddress.IPv4Network]:
    routes = json.loads(subprocess.run(["ip", "-j", "-4", "route"], capture_output=True, text=True).stdout or "[]")
    return [ipaddress.IPv4Network(route["dst"]) for route in routes if route["dst"] != "default"]
