"""
From a Microservice to what its rules are made from. The same for the operator and for a file.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from concordat import conventions
from concordat.api import Microservice, parse, resolve
from concordat.api.objectives import Objective as Stated
from concordat.errors import InvalidInput
from concordat.facts import Facts
from concordat.manifest import object_name
from concordat.policies import Violation
from concordat.slo.objective import PROBE_PATHS, Links, Objective, ServiceIdentity, ServiceObjectives
from concordat.slo.rules import measure


def read(manifest: Mapping[str, Any], *, links: Links, namespace: str = "default") -> ServiceObjectives:
    """
    The objectives a Microservice's manifest states, or those of its tier.

    :raises InvalidInput: with one problem per mistake, the path as in the YAML.
    """
    return declared(resolve(parse(manifest, namespace=namespace)), links=links)


def declared(service: Microservice, *, links: Links) -> ServiceObjectives:
    """The objectives of a Microservice whose defaults are written out."""
    spec = service.spec
    return ServiceObjectives(
        service=ServiceIdentity(
            name=object_name(service.name),
            namespace=service.namespace,
            team=spec.team,
            tier=spec.tier.value,
            probe_paths=_probe_paths(service),
        ),
        objectives=tuple(map(objective, spec.objectives or ())),
        links=links,
        profile=spec.telemetry.metrics.profile,
    )


def objective(stated: Stated) -> Objective:
    """An objective as the rules want it: exact numbers, seconds."""
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


def _probe_paths(service: Microservice) -> tuple[str, ...]:
    probes = service.spec.health.probes
    stated = [probe.path for probe in (probes.live, probes.ready, probes.startup) if probe] if probes else []
    paths = (*PROBE_PATHS, *stated, service.spec.telemetry.metrics.path)
    return tuple(dict.fromkeys(path for path in paths if path))
