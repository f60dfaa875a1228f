"""
Who asks the webhook: whether to believe that it is the API server, and how often anybody else may ask.
"""

import ssl
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from concordat.cluster.workqueue import Clock, TokenBucket

RATE, BURST = 200.0, 400
"""Questions of one address a second, and at once. ``kubectl apply`` of a thousand resources asks some hundred a second."""
MOST_PEERS = 1024
"""Addresses whose questions are counted; the one that has been silent for the longest is forgotten first."""


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """Whom the webhook takes for the API server. Without any of these it takes nobody for it."""

    authority: str = ""
    """PEM; where it is given, whoever connects shows a client certificate signed by it, or is not let in."""
    names: tuple[str, ...] = ()
    """Common names of such certificates; empty for any that the authority signed."""
    networks: tuple[str, ...] = ()
    """Addresses the API server asks from, in CIDR notation. Network policies hold others off; here they are told less."""

    def demand(self, context: ssl.SSLContext) -> None:
        """Have the TLS context ask for the certificate."""
        if self.authority:
            context.load_verify_locations(cadata=self.authority)
            context.verify_mode = ssl.CERT_REQUIRED

    def refuses(self, certificate: Mapping[str, Any] | None) -> bool:
        """A certificate is demanded, and this one, valid as it is, names somebody else."""
        if not self.authority:
            return False
        subject = dict(pair for group in (certificate or {}).get("subject", ()) for pair in group)
        return not certificate or bool(self.names and subject.get("commonName") not in self.names)

    def believes(self, address: str) -> bool:
        """Whoever asks from there is the API server; with an authority, everybody who was let in is."""
        if self.authority:
            return True
        try:
            found = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return any((mapped or found) in network for network in _networks(self.networks))


class Rates:
    """How often each address may still ask."""

    def __init__(self, clock: Clock, *, rate: float = RATE, burst: int = BURST, most: int = MOST_PEERS) -> None:
        self._new: Callable[[], TokenBucket] = lambda: TokenBucket(rate=rate, burst=burst, clock=clock)
        self._most = most
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def allows(self, address: str) -> bool:
        """Whether this question is within bounds; one that is not costs nothing of the next."""
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = self._new()
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(address)
        return bucket.take()


def _networks(texts: Sequence[str]) -> list[IPv4Network | IPv6Network]:
    return [ip_network(text) for text in texts]
