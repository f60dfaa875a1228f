"""
Which requests the API server really got: its audit log, one line a request.

A watch is written when it opens, everything else when it is answered. The log is written before the answer leaves, so
whoever has the answer finds the line.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "verbs": ["watch"], "omitStages": ["ResponseComplete"]},
        {"level": "Metadata", "omitStages": ["ResponseStarted"]},
    ],
}
MEGABYTES_BEFORE_ROTATION = 100_000
"""Never: a rotated log would lose what a long test has to count."""

READS = frozenset({"get", "list", "watch"})


def write_policy(target: Path) -> Path:
    target.write_text(yaml.safe_dump(POLICY, sort_keys=False))
    return target


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as the API server saw it."""

    verb: str
    """As in RBAC: ``get``, ``list``, ``watch``, ``create``, ``update``, ``patch``, ``delete``, ``deletecollection``."""
    user: str
    user_agent: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    """HTTP status; 0 when none was sent."""
    uri: str
    time: str
    """When it was received, RFC 3339 with microseconds."""

    @property
    def is_write(self) -> bool:
        return self.verb not in READS

    @classmethod
    def parse(cls, line: bytes | str) -> "Request":
        event = json.loads(line)
        target = event.get("objectRef", {})
        return cls(
            verb=event["verb"],
            user=event.get("impersonatedUser", event["user"]).get("username", ""),
            user_agent=event.get("userAgent", ""),
            group=target.get("apiGroup", ""),
            resource=target.get("resource", ""),
            subresource=target.get("subresource", ""),
            namespace=target.get("namespace", ""),
            name=target.get("name", ""),
            code=event.get("responseStatus", {}).get("code", 0),
            uri=event["requestURI"],
            time=event["requestReceivedTimestamp"],
        )


@dataclass(frozen=True, kw_only=True)
class AuditLog:
    """Reads a growing audit log."""

    path: Path

    def mark(self) -> int:
        """Where the log ends now; give it to :meth:`since`."""
        return self.path.stat().st_size if self.path.exists() else 0

    def since(self, mark: int = 0) -> tuple[Request, ...]:
        """Every request answered (or watch opened) after ``mark``, in the order of the log."""
        return tuple(self._read(mark))

    def _read(self, mark: int) -> Iterator[Request]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(mark)
            for line in file:
                if line.endswith(b"\n"):  # the last line may still be on its way
                    yield Request.parse(line)
