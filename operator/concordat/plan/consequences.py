"""
What a change does before it is made, in words: pods restart, traffic drops, a policy narrows.

Pure: the children as they are and as they would be. ``concordat plan`` prints it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from concordat.manifest import ChildKey, Manifest, PlannedChild
from concordat.manifest.difference import Change, changes
from concordat.observability.dashboards.delivery import SIDECAR_LABEL
from concordat.observability.slo.delivery import RULES_LABEL, condensed
from concordat.resources import kinds


class Severity(StrEnum):
    """How much it should worry whoever makes the change."""

    NOTHING = "nothing"
    """Nobody notices."""
    NOTICE = "notice"
    """Something happens, nothing is lost."""
    DISRUPTION = "disruption"
    """Somebody is cut off, or everything restarts at once."""


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """One thing that happens."""

    severity: Severity
    text: str


@dataclass(frozen=True, kw_only=True)
class ChildChange:
    """What happens to one child."""

    child: ChildKey
    action: str
    """``create``, ``change``, ``delete``."""
    changes: tuple[Change, ...]
    consequences: tuple[Consequence, ...]


def consequences(before: Iterable[PlannedChild], after: Iterable[PlannedChild]) -> tuple[ChildChange, ...]:
    """Every child that differs, in the order of writing; what is deleted comes last. What stays the same is left out."""
    old, new = ({child.key: child for child in children} for children in (before, after))
    runs = any(key.kind == kinds.DEPLOYMENT.kind for key in old)
    changed = [_changed(old[key], child) if key in old else _created(child, runs=runs) for key, child in new.items()]
    deleted = [_deleted(child) for key, child in old.items() if key not in new]
    return tuple(change for change in (*changed, *deleted) if change is not None)


_RULES, _DASHBOARD = "rules", "dashboard"


def _what(child: PlannedChild) -> str:
    """Its kind; of what comes in two kinds, what it is."""
    labels = child.manifest["metadata"].get("labels", {})
    if child.kind is kinds.PROMETHEUS_RULE or RULES_LABEL in labels:
        return _RULES
    if child.kind is kinds.GRAFANA_DASHBOARD or SIDECAR_LABEL in labels:
        return _DASHBOARD
    return child.key.kind


def _created(child: PlannedChild, *, runs: bool) -> ChildChange:
    kind = _what(child)
    consequence = _CREATED[kind] if runs else _BORN.get(kind, _CREATED[kind])
    return ChildChange(child=child.key, action="create", changes=(), consequences=(consequence,))


def _deleted(child: PlannedChild) -> ChildChange:
    return ChildChange(child=child.key, action="delete", changes=(), consequences=(_DELETED[_what(child)],))


def _changed(before: PlannedChild, after: PlannedChild) -> ChildChange | None:
    found = tuple(
        change
        for change in changes(condensed(before.manifest), condensed(after.manifest))
        if change.path != "metadata.annotations"
    )
    if not found:
        return None
    judged = tuple(_JUDGES.get(_what(after), _unnoticed)(before.manifest, after.manifest, found))
    return ChildChange(
        child=after.key, action="change", changes=found, consequences=judged or tuple(_unnoticed({}, {}, found))
    )


def _nothing(text: str) -> Consequence:
    return Consequence(severity=Severity.NOTHING, text=text)


def _notice(text: str) -> Consequence:
    return Consequence(severity=Severity.NOTICE, text=text)


def _disruption(text: str) -> Consequence:
    return Consequence(severity=Severity.DISRUPTION, text=text)


_CREATED = {
    kinds.SERVICE_ACCOUNT.kind: _nothing("an identity of its own, without rights"),
    kinds.SERVICE.kind: _notice("the service gets a name and an address"),
    kinds.NETWORK_POLICY.kind: _disruption("everything that is not declared is cut off, both ways"),
    kinds.DEPLOYMENT.kind: _notice("pods start"),
    kinds.AUTOSCALER.kind: _notice("an autoscaler takes over the number of replicas"),
    kinds.DISRUPTION_BUDGET.kind: _nothing("node drains wait for each other"),
    kinds.HTTP_ROUTE.kind: _notice("reachable from outside the cluster"),
    kinds.SERVICE_MONITOR.kind: _nothing("Prometheus starts to read"),
    _RULES: _notice("alerts are armed: its team is told when promises break"),
    _DASHBOARD: _nothing("a dashboard appears"),
    kinds.ALERTMANAGER_CONFIG.kind: _notice("its alerts find their way by themselves"),
}

_BORN = {kinds.NETWORK_POLICY.kind: _notice("only what is declared gets in or out")}
"""Where no pod has run so far: nobody can be cut off."""

_DELETED = {
    kinds.SERVICE_ACCOUNT.kind: _disruption("new pods cannot start without it"),
    kinds.SERVICE.kind: _disruption("traffic drops: the name no longer resolves"),
    kinds.NETWORK_POLICY.kind: _notice("the policy widens: nothing is cut off any more"),
    kinds.DEPLOYMENT.kind: _disruption("all pods end"),
    kinds.AUTOSCALER.kind: _notice("the number of replicas is fixed from now on"),
    kinds.DISRUPTION_BUDGET.kind: _notice("node drains may take every replica at once"),
    kinds.HTTP_ROUTE.kind: _disruption("traffic from outside the cluster drops"),
    kinds.SERVICE_MONITOR.kind: _notice("its metrics end, and the alerts on them go blind"),
    _RULES: _notice("these rules and alerts end"),
    _DASHBOARD: _nothing("this dashboard disappears"),
    kinds.ALERTMANAGER_CONFIG.kind: _notice("its alerts take whatever way Alertmanager's own file knows"),
}

_Judge = Callable[[Manifest, Manifest, Sequence[Change]], Iterator[Consequence]]


def _unnoticed(before: Manifest, after: Manifest, found: Sequence[Change]) -> Iterator[Consequence]:
    if all(change.path.startswith("metadata.") for change in found):
        yield _nothing("labels only: nothing restarts, nothing is cut off")
    else:
        yield _nothing("nothing restarts, nothing is cut off")


def _deployment(before: Manifest, after: Manifest, found: Sequence[Change]) -> Iterator[Consequence]:
    template = [change.path for change in found if _below(change, "spec.template")]
    if template:
        fields = ", ".join(path.removeprefix("spec.template.spec.") for path in template[:3])
        more = f" and {len(template) - 3} more" if len(template) > 3 else ""
        yield _notice(f"pods restart, one after the other: {fields}{more}")
    elif not any(_below(change, "spec.replicas") for change in found):
        yield _nothing("pods do not restart")
    if any(_below(change, "spec.selector") for change in found):
        yield _disruption("the selector is immutable: the API server will refuse this")

    old, new = before["spec"].get("replicas"), after["spec"].get("replicas")
    if old is not None and new is not None and old != new:
        verb = "start" if new > old else "end"
        yield _notice(f"replicas change from {old} to {new}: {abs(new - old)} pods {verb}")
    elif old is not None and new is None:
        yield _notice(
            f"an autoscaler takes over the number of replicas; it stays {old} until the load asks for another"
        )
    elif old is None and new is not None:
        yield _notice(f"the autoscaler hands back the number of replicas: {new} from now on")


def _autoscaler(before: Manifest, after: Manifest, found: Sequence[Change]) -> Iterator[Consequence]:
    for field, name in (("minReplicas", "fewest"), ("maxReplicas", "most")):
        old, new = before["spec"][field], after["spec"][field]
        if old != new:
            yield _notice(f"{name} replicas change from {old} to {new}")
    if any(_below(change, "spec.metrics") for change in found):
        yield _notice("the autoscaler aims at another load; the number of replicas may change")


def _service(before: Manifest, after: Manifest, found: Sequence[Change]) -> Iterator[Consequence]:
    if any(_below(change, "spec.selector") for change in found):
        yield _disruption("traffic drops: it selects other pods")
    # By number: a caller does not know the name of a port.
    old, new = ({(port["port"], port["protocol"]): port for port in side["spec"]["ports"]} for side in (before, after))
    for number, protocol in [key for key in old if key not in new]:
        yield _disruption(f"traffic to port {number}/{protocol} drops")
    for number, protocol in [key for key in new if key not in old]:
        yield _notice(f"port {number}/{protocol} opens")
    for key in old.keys() & new.keys():
        if old[key]["targetPort"] != new[key]["targetPort"]:
            yield _notice(
                f"port {key[0]}/{key[1]} leads to {new[key]['targetPort']} instead of {old[key]['targetPort']}"
            )


def _policy(before: Manifest, after: Manifest, found: Sequence[Change]) -> Iterator[Consequence]:
    for direction, side, far in (("ingress", "from", "in from"), ("egress", "to", "out to")):
        old, new = (_allowed(manifest["spec"][direction], side) for manifest in (before, after))
        for peer, port in [edge for edge in old if edge not in new]:
            yield _disruption(f"the policy narrows: nothing {far} {peer} {port} any more")
        for peer, port in [edge for edge in new if edge not in old]:
            yield _notice(f"the policy widens: {far} {peer} {port}")


def _route(before: Manifest, after: Manifest, found: Sequence[Change]) -> Iterator[Consequence]:
    for what, read in (("host", _hosts), ("path", _paths)):
        old, new = read(before), read(after)
        for gone in [item for item in old if item not in new]:
            yield _disruption(f"traffic to {what} {gone} drops")
        for come in [item for item in new if item not in old]:
            yield _notice(f"{what} {come} is served from now on")
    if any(_below(change, "spec.parentRefs") for change in found):
        yield _disruption("another gateway carries the traffic: DNS must follow")
    if any(".backendRefs" in change.path for change in found):
        yield _notice("requests go to another port")


def _monitor(before: Manifest, after: Manifest, found: Sequence[Change]) -> Iterator[Consequence]:
    if any(_below(change, "spec") for change in found):
        yield _notice("Prometheus reads elsewhere; no gap if the service answers there already")


def _alerts(before: Manifest, after: Manifest, found: Sequence[Change]) -> Iterator[Consequence]:
    old, new = rules_in(before), rules_in(after)
    for name in [name for name in old if name not in new]:
        yield _notice(f"no longer watched: {name}")
    for name in [name for name in new if name not in old]:
        yield _notice(f"watched from now on: {name}")
    for name in [name for name in new if name in old and new[name] != old[name]]:
        yield _notice(f"alerts change: {name}")


def rules_in(manifest: Manifest) -> dict[str, list[Any]]:
    """Its rules by what they watch."""
    spec = manifest.get("spec") or orjson.loads(next(iter(manifest["data"].values())))
    found: dict[str, list[Any]] = {}
    for group in spec["groups"]:
        found.setdefault(_watched(group["name"]), []).extend(group["rules"])
    return found


def _watched(group: str) -> str:
    """``concordat:NAMESPACE:NAME:slo:OBJECTIVE`` and ``...:tickets`` are one objective's."""
    _, _, _, kind, *objective = group.split(":")
    return f"objective {objective[0]}" if objective else {"budgets": "budgets", "service": "the workload"}[kind]


def _drawing(before: Manifest, after: Manifest, found: Sequence[Change]) -> Iterator[Consequence]:
    if any(_below(change, "spec.json") or _below(change, "data") for change in found):
        yield _nothing("the dashboard changes")
    if any(_below(change, "spec.folder") or _below(change, "metadata.annotations") for change in found):
        yield _nothing("the dashboard moves to another folder")


def _routing(before: Manifest, after: Manifest, found: Sequence[Change]) -> Iterator[Consequence]:
    if any(_below(change, "spec.route") or _below(change, "spec.receivers") for change in found):
        yield _notice("its alerts reach somebody else")
    if any(_below(change, "spec.inhibitRules") for change in found):
        yield _notice("other alerts keep quiet while one of a service it needs wakes somebody")


_JUDGES: Mapping[str, _Judge] = {
    kinds.ALERTMANAGER_CONFIG.kind: _routing,
    _RULES: _alerts,
    _DASHBOARD: _drawing,
    kinds.SERVICE.kind: _service,
    kinds.NETWORK_POLICY.kind: _policy,
    kinds.DEPLOYMENT.kind: _deployment,
    kinds.AUTOSCALER.kind: _autoscaler,
    kinds.HTTP_ROUTE.kind: _route,
    kinds.SERVICE_MONITOR.kind: _monitor,
}


def _below(change: Change, path: str) -> bool:
    """The change is in ``path``, or takes all of it away."""
    return change.path == path or change.path.startswith((f"{path}.", f"{path}["))


def _hosts(manifest: Manifest) -> list[str]:
    return list(manifest["spec"]["hostnames"])


def _paths(manifest: Manifest) -> list[str]:
    return [match["path"]["value"] for rule in manifest["spec"]["rules"] for match in rule["matches"]]


def _allowed(rules: Sequence[Mapping[str, Any]], side: str) -> dict[tuple[str, str], None]:
    """Who may talk on which port, in the order of the rules."""
    return {
        (_peer(peer), f"on {port['port']}/{port['protocol']}"): None
        for rule in rules
        for peer in rule[side]
        for port in rule["ports"]
    }


def _peer(peer: Mapping[str, Any]) -> str:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        return str(block["cidr"]) + (f" without {len(block['except'])} networks" if "except" in block else "")
    (namespace,) = peer["namespaceSelector"]["matchLabels"].values()
    pods = peer.get("podSelector", {}).get("matchLabels", {})
    return f"{namespace}/{','.join(pods.values())}" if pods else f"every pod of {namespace}"
