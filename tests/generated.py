"""
``python -m tests.generated``: write what is made from code again. A test compares each file with what it should hold.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rich_click as click
import yaml

from concordat.api.schema.crd import microservice_crd, service_contract_crd
from concordat.cli.main import COMMANDS, main
from tests.api import pages as api_pages
from tests.chart import pages
from tests.dashboards import generate as dashboards
from tests.slo import generate as objectives

ROOT = Path(__file__).parent.parent


def crd(definition: Callable[[], dict[str, Any]]) -> Callable[[], str]:
    """A CustomResourceDefinition as a file."""
    return lambda: yaml.safe_dump(definition(), sort_keys=False, width=120)


def command_line() -> str:
    """The reference of the command line."""
    lines = [
        "# The command line",
        "",
        "`concordat`, also installed as `kubectl concordat`. Results go to standard output, remarks to standard error;",
        "`-o json` gives machines one object. Generated from the commands themselves by `make generated`.",
    ]
    for panel, names in COMMANDS.items():
        lines += ["", f"## {panel}"]
        for name in names:
            lines += _described(main.get_command(click.Context(main), name), f"concordat {name}")
    return "\n".join(lines) + "\n"


GENERATED: dict[str, Callable[[], str]] = {
    "crds/microservices.yaml": crd(microservice_crd),
    "crds/servicecontracts.yaml": crd(service_contract_crd),
    "docs/command-line.md": command_line,
    **api_pages.GENERATED,
    **pages.GENERATED,
    **objectives.GENERATED,
    **dashboards.GENERATED,
    "charts/concordat/files/dashboards/operator.json": dashboards.GENERATED["dashboards/operator.json"],
}
"""File -> what it holds."""


def _described(command: click.Command | None, name: str) -> Iterator[str]:
    assert command is not None, f"{name} is in the table of commands and defined nowhere"
    arguments = " ".join(
        param.make_metavar(click.Context(command)) for param in command.params if isinstance(param, click.Argument)
    )
    text, _, examples = inspect.cleandoc(command.help or "").replace("\b\n", "").partition("Examples:\n")
    yield from ("", f"### `{f'{name} {arguments}'.strip()}`", "", text.strip())
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    if options:
        yield from ("", "| option | |", "|---|---|")
        yield from (f"| `{', '.join(option.opts)}` | {option.help} |" for option in options)
    if examples:
        yield from ("", "```sh", *(_explained(line.strip()) for line in examples.splitlines()), "```")
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from _described(inner, f"{name} {inner.name}")


def _explained(example: str) -> str:
    """What is said beside a command, as a comment: whoever copies the line copies no prose."""
    return re.sub(r"(?<=\S)(\s{2,})(?=\S)", r"\1# ", example, count=1)


def write() -> None:
    for file, content in GENERATED.items():
        (ROOT / file).write_text(content())
        print(file)


if __name__ == "__main__":
    sys.exit(write())
