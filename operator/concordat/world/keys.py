"""
What is queued, and what is asked for: names of things, by kind and namespace.
"""

from typing import Literal, NamedTuple


class Key(NamedTuple):
    """What is queued."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Target(NamedTuple):
    """What a consumer asks for."""

    kind: Literal["service", "contract"]
    namespace: str
    name: str


def asked_for(service: str | None, contract: str | None, namespace: str) -> Target:
    """What a consumer in ``namespace`` means by the reference it wrote."""
    own, _, name = (service or contract or "").rpartition("/")
    return Target("service" if service else "contract", own or namespace, name)
