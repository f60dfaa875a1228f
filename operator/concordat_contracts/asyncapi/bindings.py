"""
Bindings: what a protocol adds. A setting that routes, selects or encodes messages is part of the contract; one that only
sizes or tunes the broker is not. Settings that are schemas (a Kafka key, the query of a WebSocket) are compared as such.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat_contracts.findings.scope import Scope
from concordat_contracts.findings.touching import ContractFinding
from concordat_contracts.schema import Direction, Surface
from concordat_contracts.verdict import Outcome

_TUNING: Mapping[str, frozenset[str]] = {
    "kafka": frozenset({"partitions", "replicas", "topicConfiguration", "groupId", "clientId", "schemaRegistryVendor"}),
    "amqp": frozenset({"expiration", "priority", "timestamp", "mandatory", "ack", "deliveryMode", "userId"}),
    "mqtt": frozenset({"qos", "retain", "messageExpiryInterval", "keepAlive", "clientId", "lastWill", "cleanSession"}),
    "sns": frozenset({"tags", "policy"}),
    "sqs": frozenset({"tags", "policy", "queues"}),
    "pulsar": frozenset({"retention", "ttl", "geo-replication", "compaction"}),
    "solace": frozenset({"timeToLive", "priority", "dmqEligible"}),
    "nats": frozenset({"queue"}),
}
_SCHEMAS: Mapping[str, Mapping[str, Any]] = {"key": {}, "query": {"type": "object"}, "headers": {"type": "object"}}
"""Settings that are schemas, and what leaving one out means; a key left out is no key."""
_NEVER = frozenset({"bindingVersion", "description"})


def compare_bindings(
    scope: Scope, rule: str, old: Mapping[str, Any], new: Mapping[str, Any], direction: Direction
) -> Iterator[ContractFinding]:
    """
    A setting that is gone or differs; what is merely spelled out now is no change.

    ``direction`` is that of whoever has to follow the schemas among them.
    """
    for protocol, before in old.items():
        if str(protocol).startswith("x-") or not isinstance(before, Mapping):
            continue
        after = new.get(protocol)
        ignored = _NEVER | _TUNING.get(str(protocol), frozenset())
        later = after if isinstance(after, Mapping) else {}
        for key, left_out in _SCHEMAS.items():
            if isinstance(later.get(key), Mapping) and isinstance(before.get(key, left_out or None), Mapping):
                ignored |= {key}
                schemas = before.get(key, left_out), later[key]
                yield from _schemas(scope.at(f"{protocol}.{key}"), rule, *schemas, direction)
        yield from _settings(scope, rule, str(protocol), before, later, ignored)


def _schemas(scope: Scope, rule: str, old: Any, new: Any, direction: Direction) -> Iterator[ContractFinding]:
    for each in scope.schemas(old, new, direction, Surface.BODY):
        if each.outcome is Outcome.BREAKING:
            inside = each.location.removeprefix(scope.location).strip()
            yield scope.finding(rule, f"{inside} {each.message}", witness=each.witness)
        elif each.outcome is Outcome.UNKNOWN:
            yield each


def _settings(
    scope: Scope, rule: str, path: str, old: Mapping[str, Any], new: Mapping[str, Any], ignored: frozenset[str]
) -> Iterator[ContractFinding]:
    for key, before in old.items():
        if key in ignored or str(key).startswith("x-"):
            continue
        after = new.get(key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _settings(scope, rule, f"{path}.{key}", before, after, ignored)
        elif before != after:
            text = f"{path}.{key} is gone" if key not in new else f"{path}.{key} is {after!r} instead of {before!r}"
            yield scope.finding(rule, text)
