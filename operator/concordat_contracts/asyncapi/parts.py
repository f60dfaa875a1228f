"""What an application sends and receives: channels, their flows and messages, however they were written."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SEND, RECEIVE = "send", "receive"
_VARIABLE = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, kw_only=True)
class Message:
    """One kind of message; ``payload`` is ``None`` where it is not described."""

    name: str
    payload: Any
    schema_format: str
    headers: Any
    content_type: str | None
    correlation: str | None
    bindings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What comes back, and where."""

    address: str | None
    messages: Mapping[str, Message]


@dataclass(frozen=True, kw_only=True)
class Flow:
    """All the application sends to, or receives from, one channel."""

    action: str
    ids: frozenset[str]
    messages: Mapping[str, Message]
    bindings: Mapping[str, Any]
    security: list[Any]
    reply: Reply | None


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel by its address, whose variables are known by their place."""

    key: str
    address: str
    parameters: Mapping[str, Mapping[str, Any]]
    servers: frozenset[str] | None
    bindings: Mapping[str, Any]
    messages: Mapping[str, Message]
    flows: Mapping[str, Flow] = field(default_factory=dict)
    carries_replies: bool = False
    has_address: bool = True
    """Whether its address is told, which 3.0 allows to leave open."""

    @property
    def shape(self) -> str:
        """The address without the names of its variables."""
        return _VARIABLE.sub("{}", self.address)

    def names_of(self, flow: Flow) -> frozenset[str]:
        """Every way to name what is sent or received here."""
        return frozenset({f"{flow.action} {self.address}", self.address}) | flow.ids

    @property
    def variables(self) -> list[str]:
        """The names of its variables in order."""
        return [each[1:-1] for each in _VARIABLE.findall(self.address)]


def together(one: Flow, other: Flow) -> Flow:
    """Two operations of the same action on the same channel, as one."""
    return Flow(
        action=one.action,
        ids=one.ids | other.ids,
        messages={**other.messages, **one.messages},
        bindings={**other.bindings, **one.bindings},
        security=one.security or other.security,
        reply=one.reply or other.reply,
    )


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Mapping[str, Any]:
    """JSON Merge Patch (RFC 7396) of ``over`` onto ``base``."""
    whole = dict(base)
    for key, value in over.items():
        if value is None:
            whole.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(whole.get(key), Mapping):
            whole[key] = merged(whole[key], value)
        else:
            whole[key] = value
    return whole


def tail(node: Any) -> str | None:
    """The last word of a reference."""
    ref = node.get("$ref") if isinstance(node, Mapping) else None
    return str(ref).rpartition("/")[2] if ref else None
