"""
Bindings: what a protocol adds. A setting that routes, selects or encodes messages is part of the contract; one that only
sizes or tunes the broker is not.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..scope import Scope
from ..touching import ContractFinding

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
_NEVER = frozenset({"bindingVersion", "description"})


def compare_bindings(
    scope: Scope, rule: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[ContractFinding]:
    """A setting that is gone or differs; what is merely spelled out now is no change."""
    for protocol, before in old.items():
        if str(protocol).startswith("x-") or not isinstance(before, Mapping):
            continue
        after = new.get(protocol)
        ignored = _NEVER | _TUNING.get(str(protocol), frozenset())
        yield from _settings(scope, rule, str(protocol), before, after if isinstance(after, Mapping) else {}, ignored)


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
