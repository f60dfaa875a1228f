"""
Where alerts go: one route per team, and who keeps quiet while somebody else is being woken.

The same decisions in two forms: a plain Alertmanager file for a whole installation, and an ``AlertmanagerConfig`` of
prometheus-operator for one service. The latter sees the alerts of its own namespace only, so that a dependency in
another namespace cannot inhibit there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from concordat.api.values.promql import Matcher, equal, like
from concordat.observability.slo.rules.windows import PAGE_FAST, PAGE_SLOW, TICKET_FAST, TICKET_SLOW

SAME_OBJECTIVE = ["namespace", "service", "slo"]
GROUP_BY = ["namespace", "service"]
"""One incident, one notification: however many alerts of a service fire."""
_CRITICAL = equal("severity", "critical")
_PAGES = f"{PAGE_FAST.alert}|{PAGE_SLOW.alert}"
_TICKETS = f"{TICKET_FAST.alert}|{TICKET_SLOW.alert}"


@dataclass(frozen=True, kw_only=True)
class Team:
    """Whom to tell: one receiver to wake them, one for the morning. Webhook URLs."""

    name: str
    page: str
    ticket: str


@dataclass(frozen=True, kw_only=True, order=True)
class HardDependency:
    """A service that cannot work without another; both as ``(namespace, name)``."""

    consumer: tuple[str, str]
    provider: tuple[str, str]


def alertmanager_file(teams: Iterable[Team], edges: Iterable[HardDependency]) -> dict[str, Any]:
    """
    Alertmanager's configuration. Alerts of no known team go to the receiver ``nobody``, which shows them in its pages.

    A page of a provider inhibits the alerts on objectives of those who cannot work without it: the people who can mend
    it are awake already. ``edges`` must be free of cycles; services of a cycle would silence each other.
    """
    known = sorted(teams, key=lambda team: team.name)
    inhibitions = [*_within_a_service(), *map(_across, acyclic(edges))]
    return {
        "route": {
            "receiver": "nobody",
            "group_by": list(GROUP_BY),
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "4h",
            "routes": [
                {
                    "receiver": _ticket(team),
                    "matchers": [str(equal("team", team.name))],
                    "routes": [{"receiver": _page(team), "matchers": [str(_CRITICAL)]}],
                }
                for team in known
            ],
        },
        "inhibit_rules": [inhibition.in_file() for inhibition in inhibitions],
        "receivers": [
            {"name": "nobody"},
            *({"name": _page(team), "webhook_configs": [{"url": team.page}]} for team in known),
            *({"name": _ticket(team), "webhook_configs": [{"url": team.ticket}]} for team in known),
        ],
    }


def service_routing(service: tuple[str, str], team: Team | None, edges: Iterable[HardDependency]) -> dict[str, Any]:
    """
    The ``spec`` of an ``AlertmanagerConfig`` for one service, ``(namespace, name)``, of which these are the ``edges``.

    Without a ``team`` its alerts take the routes Alertmanager has; who keeps quiet for whom is said either way.
    """
    own = (equal("service", service[1]),)
    inside = [edge for edge in edges if edge.consumer == service and edge.provider[0] == service[0]]
    inhibitions = [*(rule.among(own) for rule in _within_a_service()), *map(_across, sorted(inside))]
    silence = {"inhibitRules": [inhibition.in_resource() for inhibition in inhibitions]}
    if team is None:
        return silence
    return {
        "route": {
            "receiver": _ticket(team),
            "groupBy": list(GROUP_BY),
            "matchers": [_spelled_out(matcher) for matcher in own],
            "routes": [{"receiver": _page(team), "matchers": [_spelled_out(_CRITICAL)]}],
        },
        **silence,
        "receivers": [
            {"name": _page(team), "webhookConfigs": [{"url": team.page}]},
            {"name": _ticket(team), "webhookConfigs": [{"url": team.ticket}]},
        ],
    }


def acyclic(edges: Iterable[HardDependency]) -> list[HardDependency]:
    """The edges that are on no cycle: services of a cycle would silence each other, and nobody would be told."""
    every = set(edges)
    providers: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for edge in every:
        providers.setdefault(edge.consumer, set()).add(edge.provider)

    def reaches(start: tuple[str, str], goal: tuple[str, str]) -> bool:
        seen, left = {start}, [start]
        while left:
            for following in providers.get(left.pop(), ()):
                if following == goal:
                    return True
                if following not in seen:
                    seen.add(following)
                    left.append(following)
        return False

    return sorted(
        edge for edge in every if edge.provider != edge.consumer and not reaches(edge.provider, edge.consumer)
    )


@dataclass(frozen=True, kw_only=True)
class _Inhibition:
    """While ``source`` fires, ``target`` is silent, if both have the same values of the labels ``equal``."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: list[str]

    def among(self, matchers: tuple[Matcher, ...]) -> "_Inhibition":
        """Between alerts with these labels only."""
        return _Inhibition(source=(*self.source, *matchers), target=(*self.target, *matchers), equal=self.equal)

    def in_file(self) -> dict[str, Any]:
        return {
            "source_matchers": [str(matcher) for matcher in self.source],
            "target_matchers": [str(matcher) for matcher in self.target],
            "equal": list(self.equal),
        }

    def in_resource(self) -> dict[str, Any]:
        return {
            "sourceMatch": [_spelled_out(matcher) for matcher in self.source],
            "targetMatch": [_spelled_out(matcher) for matcher in self.target],
            "equal": list(self.equal),
        }


def _within_a_service() -> list[_Inhibition]:
    """The faster tier speaks for the slower, and what users feel for its cause."""
    return [
        _silence(PAGE_FAST.alert, f"{PAGE_SLOW.alert}|{_TICKETS}", SAME_OBJECTIVE),
        _silence(PAGE_SLOW.alert, _TICKETS, SAME_OBJECTIVE),
        _silence(TICKET_FAST.alert, TICKET_SLOW.alert, SAME_OBJECTIVE),
        _silence(PAGE_FAST.alert, "ServiceDown", GROUP_BY),
        _silence("ServiceDown", "ServiceMetricsMissing|ObjectiveUnmeasured", GROUP_BY),
        _silence("ServiceMetricsMissing", "ObjectiveUnmeasured", GROUP_BY),
    ]


def _silence(source: str, targets: str, same: list[str]) -> _Inhibition:
    return _Inhibition(source=(equal("alertname", source),), target=(like("alertname", targets),), equal=same)


def _across(edge: HardDependency) -> _Inhibition:
    return _Inhibition(
        source=(like("alertname", f"{_PAGES}|ServiceDown"), *_of(edge.provider)),
        target=(like("alertname", f"{_PAGES}|{_TICKETS}"), *_of(edge.consumer)),
        equal=[],
    )


def _of(service: tuple[str, str]) -> tuple[Matcher, ...]:
    return equal("namespace", service[0]), equal("service", service[1])


def _spelled_out(matcher: Matcher) -> dict[str, str]:
    return {"name": matcher.label, "matchType": matcher.op, "value": matcher.value}


def _page(team: Team) -> str:
    return f"{team.name}-page"


def _ticket(team: Team) -> str:
    return f"{team.name}-ticket"
