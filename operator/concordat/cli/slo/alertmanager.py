"""
``concordat alertmanager``: where alerts go, as Alertmanager's own file.
"""

from collections.abc import Sequence

import rich_click as click

from concordat.cli import files
from concordat.cli.offline import World
from concordat.cli.output import emit_yaml, fail
from concordat.facts import Platform
from concordat.observability.routing import dependencies, team
from concordat.observability.slo.routing import alertmanager_file


@click.command("alertmanager")
@click.argument("filenames", nargs=-1, required=True)
@click.option(
    "--url",
    required=True,
    help="Webhook of the alerts, in which {team} and {severity} (critical or warning) are replaced.",
)
@click.option("-n", "--namespace", default="default", show_default=True, help="Namespace of what does not state one.")
def alertmanager(filenames: Sequence[str], url: str, namespace: str) -> None:
    """
    Alertmanager's configuration for the teams of the Microservices in FILENAMES: one route a team, pages apart from tickets; a
    page of what is consumed with `criticality: hard` silences those who cannot work without it.

    Where prometheus-operator is installed, the operator writes an AlertmanagerConfig for each service instead.

    \b
    Examples:
      concordat alertmanager services/ --url 'https://alerts.example.com/{team}/{severity}' > alertmanager.yaml
      amtool check-config alertmanager.yaml
    """
    found = files.microservices(files.read(filenames), namespace=namespace)
    if not found:
        fail(f"no Microservice in {', '.join(filenames)}")
    if "{team}" not in url or "{severity}" not in url:
        fail("--url: say where the team and the severity stand, e.g. https://alerts.example.com/{team}/{severity}")
    platform = Platform(alerts_url=url)
    world = World((document.content for _, document in found), namespace=namespace, platform=platform)
    edges = [edge for service, _ in found for edge in dependencies(service, world.facts(service))]
    teams = [team(name, platform) for name in sorted({service.spec.team for service, _ in found})]
    emit_yaml([alertmanager_file([known for known in teams if known], edges)])


COMMANDS = [alertmanager]
