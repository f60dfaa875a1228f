"""
What files say about objectives: of the services in them, and of the contracts these provide.
"""

from collections.abc import Sequence

import rich_click as click

from concordat.api import Microservice, resolve
from concordat.cli import files
from concordat.cli.offline import World
from concordat.cli.output import fail
from concordat.errors import InvalidInput, Problem
from concordat.facts import Platform
from concordat.manifest import conventions
from concordat.observability.slo.rules.declaration import promise_unmeasurable, read
from concordat.observability.slo.rules.objective import Links, ServiceObjectives
from concordat.observability.slo.rules.recording import measure
from concordat.observability.subjects import objectives
from concordat.resources import kinds

namespace_option = click.option(
    "-n", "--namespace", default="default", show_default=True, help="Namespace of what does not state one."
)


def services(filenames: Sequence[str], namespace: str, grafana: str, runbooks: str) -> list[ServiceObjectives]:
    found, world = together(filenames, namespace, grafana, runbooks)
    return [objectives(resolve(service), world.facts(service)) for service in found]


def together(filenames: Sequence[str], namespace: str, grafana: str, runbooks: str) -> tuple[list[Microservice], World]:
    """The services, and the world of these files; refuses with the line what a plan refuses without it."""
    documents = documents_of(filenames)
    problems = mistakes(documents, namespace)
    if problems:
        raise InvalidInput(tuple(problems))
    world = World(
        files.declared(documents, namespace=namespace),
        namespace=namespace,
        installed={kinds.PROMETHEUS_RULE.kind},
        platform=Platform(grafana_url=grafana, runbooks_url=runbooks),
    )
    return [service for service, _ in files.microservices(documents, namespace=namespace)], world


def documents_of(filenames: Sequence[str]) -> list[files.Document]:
    """All of them, read once: one may be standard input."""
    found = files.read(filenames)
    if all(document.content.get("kind") != conventions.MICROSERVICE for document in found):
        fail(f"no Microservice in {', '.join(filenames)}")
    return found


def mistakes(documents: Sequence[files.Document], namespace: str) -> list[Problem]:
    """What of the services' own objectives cannot be measured."""
    problems: list[Problem] = []
    for document in documents:
        if document.content.get("kind") != conventions.MICROSERVICE:
            continue
        try:
            measure(read(document.content, links=Links(dashboard=""), namespace=namespace))
        except InvalidInput as error:
            problems += [files.located(problem, document) for problem in error.problems]
    return problems


def unwatched(documents: Sequence[files.Document], namespace: str) -> list[Problem]:
    """What contracts in the same files promise, and their provider cannot measure."""
    world = World(files.declared(documents, namespace=namespace), namespace=namespace)
    return [
        files.located(found.problem, document)
        for service, document in files.microservices(documents, namespace=namespace)
        for found in promise_unmeasurable(resolve(service), world.facts(service))
    ]
