"""
From what people write to what rules are made from, with a remedy for every mistake.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from concordat.errors import InvalidInput, Problem
from concordat.slo.objective import IndicatorKind, Links, Objective, ServiceIdentity, ServiceObjectives
from concordat.slo.profiles import PROFILES
from concordat.slo.windows import PERIODS

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s)")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_FIELDS = {"name", "target", "window", "below", "good", "total", "route", "method", "minimumBadEvents"}

_TIERS = {
    "critical": (("99.9", None), ("99", "0.2")),
    "standard": (("99.5", None), ("95", "0.5")),
    "besteffort": (),
}
"""Target in percent and latency in seconds, of every service of a tier that states no objectives."""


def default_objectives(tier: str, profile: str) -> tuple[Objective, ...]:
    """
    The objectives of a tier; a threshold the profile cannot measure becomes the next one it can.

    200 ms is in nobody's default buckets: under ``otel``, ``istio`` and ``gateway`` it is 250 ms.
    """
    source = PROFILES[profile]
    found = []
    for target, latency in _TIERS.get(tier, ()):
        below = None if latency is None else Decimal(latency)
        if below is not None and not (source.native or source.buckets_follow_objectives):
            below = min(bound for bound in source.buckets if bound >= below)
        name = IndicatorKind.AVAILABILITY if below is None else IndicatorKind.LATENCY
        found.append(Objective(name=name.value, target=Decimal(target), below=below))
    return tuple(found)


def read(manifest: Mapping[str, Any], *, links: Links, namespace: str = "default") -> ServiceObjectives:
    """
    The objectives a Microservice's manifest states, or those of its tier.

    :raises InvalidInput: with one problem per mistake, the path as in the YAML.
    """
    metadata, spec = manifest.get("metadata") or {}, manifest.get("spec") or {}
    tier = str(spec.get("tier", "standard"))
    profile = str(((spec.get("telemetry") or {}).get("metrics") or {}).get("profile", "default"))
    stated = spec.get("objectives")
    problems = [*_header(metadata, spec, profile), *_all(stated)]
    if problems:
        raise InvalidInput(tuple(problems))
    health = spec.get("health") or {}
    probes = tuple(dict.fromkeys([health.get("live", "/healthz"), health.get("ready", "/readyz"), "/metrics"]))
    return ServiceObjectives(
        service=ServiceIdentity(
            name=metadata["name"],
            namespace=metadata.get("namespace") or namespace,
            team=str(spec["team"]),
            tier=tier,
            probe_paths=probes,
        ),
        objectives=default_objectives(tier, profile) if stated is None else tuple(map(_objective, stated)),
        links=links,
        profile=profile,
    )


def seconds(text: str) -> Decimal:
    """
    ``200ms`` or ``1.5s``.

    :raises ValueError: it is neither.
    """
    found = _DURATION.fullmatch(text)
    if not found or not Decimal(found[1]):
        raise ValueError(f"{text!r} is no duration: write it like 200ms or 1.5s")
    return Decimal(found[1]) / (1000 if found[2] == "ms" else 1)


def _objective(stated: Mapping[str, Any]) -> Objective:
    return Objective(
        name=stated["name"],
        target=Decimal(str(stated["target"])),
        window=stated.get("window", "30d"),
        below=seconds(stated["below"]) if "below" in stated else None,
        good=stated.get("good"),
        total=stated.get("total"),
        route=stated.get("route"),
        method=stated.get("method"),
        minimum_bad_events=stated.get("minimumBadEvents", 5),
    )


def _header(metadata: Mapping[str, Any], spec: Mapping[str, Any], profile: str) -> Iterator[Problem]:
    if not metadata.get("name"):
        yield Problem(path="metadata.name", message="is missing")
    if not spec.get("team"):
        yield Problem(path="spec.team", message="is missing: alerts are routed by it")
    if profile not in PROFILES:
        known = ", ".join(PROFILES)
        yield Problem(path="spec.telemetry.metrics.profile", message=f"{profile!r} is unknown; there are {known}")


def _all(stated: Any) -> Iterator[Problem]:
    if stated is None:
        return
    if not isinstance(stated, Sequence) or isinstance(stated, str):
        yield Problem(path="spec.objectives", message="must be a list, like [{name: availability, target: 99.9}]")
        return
    seen: set[str] = set()
    for index, item in enumerate(stated):
        path = f"spec.objectives[{index}]"
        if not isinstance(item, Mapping):
            yield Problem(path=path, message="must have fields, like {name: availability, target: 99.9}")
            continue
        yield from _one(item, path)
        name = str(item.get("name"))
        if name in seen:
            yield Problem(path=f"{path}.name", message=f"{name!r} stands here twice; give each objective its own name")
        seen.add(name)


def _one(item: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for field in sorted(set(item) - _FIELDS):
        yield Problem(path=f"{path}.{field}", message=f"is unknown; there are {', '.join(sorted(_FIELDS))}")
    if not _NAME.fullmatch(str(item.get("name", ""))):
        yield Problem(path=f"{path}.name", message="use lower-case letters, digits and dashes, e.g. availability")
    yield from _target(item.get("target"), f"{path}.target")
    if item.get("window", "30d") not in PERIODS:
        yield Problem(path=f"{path}.window", message=f"{item['window']!r} is not one of {', '.join(PERIODS)}")
    if "below" in item:
        try:
            seconds(str(item["below"]))
        except ValueError as error:
            yield Problem(path=f"{path}.below", message=str(error))
    custom = {"good", "total"} & set(item)
    if custom and {"below", "route", "method"} & set(item):
        yield Problem(path=path, message="good and total say everything; leave below, route and method out")
    if len(custom) == 1:
        missing = ({"good", "total"} - custom).pop()
        yield Problem(path=f"{path}.{missing}", message="is missing: a custom objective needs both good and total")
    if not custom and "below" not in item and str(item.get("name", "")).startswith("latency"):
        yield Problem(path=f"{path}.below", message="is missing: within which time, e.g. 200ms")
    minimum = item.get("minimumBadEvents", 5)
    if not isinstance(minimum, int) or not 1 <= minimum <= 1000:
        yield Problem(path=f"{path}.minimumBadEvents", message="must be a whole number from 1 to 1000")


def _target(stated: Any, path: str) -> Iterator[Problem]:
    try:
        target = Decimal(str(stated))
        within = 0 < target < 100
    except InvalidOperation:
        within = False
    if not within:
        yield Problem(path=path, message=f"{stated!r} must be a percentage above 0 and below 100, e.g. 99.9")
        return
    if target > Decimal("99.999"):
        yield Problem(
            path=path, message=f"{target} leaves 26 seconds a month or less, which alerts cannot see: at most 99.999"
        )
