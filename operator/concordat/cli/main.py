"""
The table of commands. A command's module is imported when it is called: ``--help`` answers at once.
"""

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import rich_click as click

from concordat import __version__
from concordat.cli.output import fail
from concordat.errors import ConcordatError

COMMANDS: dict[str, dict[str, str]] = {
    "Services": {
        "init": "service.init",
        "lint": "service.lint",
        "render": "service.render",
        "explain": "service.explain",
        "plan": "service.plan",
        "status": "service.status",
        "graph": "service.graph",
        "crds": "service.render",
    },
    "Contracts": {
        "contract": "contract.group",
    },
    "Objectives": {
        "slo": "slo.group",
        "alertmanager": "slo.alertmanager",
    },
    "Dashboards": {
        "dashboard": "dashboard.group",
    },
    "A local Kubernetes": {
        "demo": "local.demo",
        "up": "local.up",
        "down": "local.up",
        "clusters": "local.up",
        "load-image": "local.up",
    },
}
"""Panel of the help -> command -> module of this package that defines it. The panels are the folders here."""

_MODULES = {command: module for panel in COMMANDS.values() for command, module in panel.items()}


class _Lazy(click.RichGroup):
    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_MODULES)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _MODULES:
            return None
        module = importlib.import_module(f"concordat.cli.{_MODULES[name]}")
        commands: list[click.Command] = module.COMMANDS
        return next(command for command in commands if command.name == name)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (ConcordatError, *_of_libraries()) as error:  # type: ignore[misc]  # mypy reads no generator here
            fail(str(error))


def _of_libraries() -> Iterator[type[Exception]]:
    """What the comparer and the local cluster raise on purpose, where a command has loaded them."""
    for module, name in (("concordat_contracts.errors", "InvalidDocument"), ("concordat_lab.errors", "LabError")):
        if module in sys.modules:
            yield getattr(sys.modules[module], name)


click.rich_click.TEXT_PARAGRAPH_LINEBREAKS = "\n\n"
click.rich_click.PADDING_HELPTEXT_FIRST_LINE = (0, 0, 1, 0)
click.rich_click.COMMAND_GROUPS = {
    program: [{"name": panel, "commands": list(commands)} for panel, commands in COMMANDS.items()]
    for program in ("concordat", "kubectl-concordat")
}


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="concordat")
def main() -> None:
    """
    Declare a service and the contracts it keeps; Concordat builds, guards and watches everything around it.

    What is given files needs no cluster; everything else uses your kubeconfig, as kubectl does.

    \b
    Examples:
      concordat demo                       a real Kubernetes with a real service, from nothing
      concordat init deployment/orders     a first Microservice from what already runs
      concordat render orders.yaml         every object it will become, without a cluster
      concordat plan -f orders.yaml        what would change, and what that does to traffic and pods
    """
