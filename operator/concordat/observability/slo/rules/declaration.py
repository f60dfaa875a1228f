"""
From a Microservice to what its rules are made from. The same for the operator and for a file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from concordat.api import Microservice, parse, resolve
from concordat.api.objectives import OWN_METRICS, ContractObjective
from concordat.api.objectives import Objective as Stated
from concordat.errors import InvalidInput, Problem
from concordat.facts import Facts
from concordat.manifest import conventions, object_name
from concordat.observability.slo.rules.indicators import indicator
from concordat.observability.slo.rules.objective import (
    PROBE_PATHS,
    Links,
    Objective,
    ServiceIdentity,
    ServiceObjectives,
)
from concordat.observability.slo.rules.recording import measure
from concordat.policies import Violation

Promised = Mapping[str, Sequence[ContractObjective]]
"""By the name of the contract."""


def read(manifest: Mapping[str, Any], *, links: Links, namespace: str = "default") -> ServiceObjectives:
    """
    The objectives a Microservice's manifest states, or those of its tier.

    :raises InvalidInput: with one problem per mistake, the path as in the YAML.
    """
    return declared(resolve(parse(manifest, namespace=namespace)), links=links)


def declared(service: Microservice, *, links: Links, promised: Promised | None = None) -> ServiceObjectives:
    """The objectives of a Microservice whose defaults are written out, and those of the contracts it provides."""
    spec = service.spec
    return ServiceObjectives(
        service=_identity(service),
        objectives=(
            *map(_own, spec.objectives or ()),
            *(promise.objective for promise in _of_contracts(service, promised or {}) if not promise.obstacle),
        ),
        links=links,
        profile=spec.telemetry.metrics.profile,
    )


def _identity(service: Microservice) -> ServiceIdentity:
    return ServiceIdentity(
        name=object_name(service.name),
        namespace=service.namespace,
        team=service.spec.team,
        tier=service.spec.tier.value,
        probe_paths=_probe_paths(service),
    )


def _own(stated: Stated) -> Objective:
    """As the rules want it: exact numbers, seconds."""
    return Objective(
        name=stated.name,
        target=stated.percent,
        window=stated.window,
        below=stated.limit,
        good=stated.good,
        total=stated.total,
        route=stated.route,
        method=stated.method,
        minimum_bad_events=stated.minimum_bad_events,
    )


def objective_unmeasurable(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """
    A policy: what an author counts is judged on the parser's tree, which the API server does not have.

    It blocks: without the rule nobody would learn that the promise is broken, so the last good rules stay.
    """
    if all(stated.good is None for stated in service.spec.objectives or ()):
        return
    try:
        measure(declared(service, links=Links(dashboard="")))
    except InvalidInput as error:
        for problem in error.problems:
            yield Violation(reason=conventions.REASON_OBJECTIVE_UNMEASURABLE, problem=problem, blocks=True)


@dataclass(frozen=True, kw_only=True)
class _Promise:
    """An objective of a contract, for one of its providers."""

    contract: str
    objective: Objective
    obstacle: str
    """Why this provider cannot measure it; empty when it can."""


def _of_contracts(service: Microservice, promised: Promised) -> Iterator[_Promise]:
    metrics = service.spec.telemetry.metrics
    for contract, objectives in promised.items():
        for stated in objectives:
            method, _, route = (stated.operation or "").partition(" ")
            found = Objective(
                name=f"{contract}/{stated.name}",
                target=stated.percent,
                window=stated.window,
                below=stated.limit,
                route=route or None,
                method=method or None,
                minimum_bad_events=stated.minimum_bad_events,
            )
            obstacle = "nothing reads its metrics" if metrics.profile in OWN_METRICS and not metrics.enabled else ""
            try:
                indicator(found, _identity(service), metrics.profile)
            except InvalidInput as error:
                obstacle = str(error)
            yield _Promise(contract=contract, objective=found, obstacle=obstacle)


def promise_unmeasurable(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """A policy: what a contract promises and this provider cannot measure is left out of its rules, and said."""
    for promise in _of_contracts(service, facts.promised):
        if promise.obstacle:
            yield Violation(
                reason=conventions.REASON_OBJECTIVE_UNMEASURABLE,
                problem=Problem(
                    path=f"spec.provides[{service.spec.provides.index(promise.contract)}]",
                    message=f"{promise.objective.name} is promised and cannot be measured here, so it has no alerts:"
                    f" {promise.obstacle}",
                    severity="warning",
                ),
            )


def _probe_paths(service: Microservice) -> tuple[str, ...]:
    probes = service.spec.health.probes
    stated = [probe.path for probe in (probes.live, probes.ready, probes.startup) if probe] if probes else []
    paths = (*PROBE_PATHS, *stated, service.spec.telemetry.metrics.path)
    return tuple(dict.fromkeys(path for path in paths if path))
