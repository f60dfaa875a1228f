"""Ports of this machine that nobody has, and that nobody gets by chance."""

import random
import socket
from pathlib import Path

FALLBACK_RANGE = (20_000, 32_000)
"""Below the kernel's usual ephemeral range and the NodePorts: an outgoing connection never takes one of these."""


def free_ports(count: int) -> tuple[int, ...]:
    """``count`` different free TCP ports on the loopback address, all outside the ephemeral range."""
    low, high = _range()
    held: list[socket.socket] = []
    try:
        while len(held) < count:
            candidate = socket.socket()
            try:
                candidate.bind(("127.0.0.1", random.randrange(low, high)))
            except OSError:
                candidate.close()
            else:
                held.append(candidate)
        return tuple(port.getsockname()[1] for port in held)
    finally:
        for port in held:
            port.close()


def _range() -> tuple[int, int]:
    try:
        ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        return FALLBACK_RANGE
    low = 10_000 if ephemeral <= FALLBACK_RANGE[0] else FALLBACK_RANGE[0]
    return low, min(FALLBACK_RANGE[1], ephemeral) if ephemeral > low + 1000 else FALLBACK_RANGE[1]
