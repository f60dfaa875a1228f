"""
``concordat lint``: what the API server or the operator would refuse, and what is better said otherwise.
"""

from collections.abc import Sequence

import rich_click as click

from concordat.cli import files
from concordat.cli.offline import World
from concordat.cli.output import EXIT_FAILED, emit_json, fail, out, output_option, styled
from concordat.errors import InvalidInput, Problem


@click.command("lint")
@click.argument("filenames", nargs=-1, required=True)
@click.option("-n", "--namespace", default="default", show_default=True, help="Namespace of what does not state one.")
@click.option("--strict", is_flag=True, help="Warnings fail as well.")
@output_option
def lint(filenames: Sequence[str], namespace: str, strict: bool, output: str) -> None:
    """
    Check the Microservices in FILENAMES the way the API server and the operator will.

    One line a finding: file, line, field, remedy. Exits with 1 when there is an error.

    \b
    Examples:
      concordat lint services/
      concordat lint --strict -o json orders.yaml
    """
    documents = files.read(filenames)
    problems: list[Problem] = []
    try:
        found = files.microservices(documents, namespace=namespace)
        ours = files.declared(documents, namespace=namespace)
    except InvalidInput as error:
        found, problems = [], list(error.problems)
    else:
        if not ours:
            fail(f"no Microservice and no ServiceContract in {', '.join(filenames)}")
        world = World(ours, namespace=namespace)
        for service, document in found:
            decided = world.planned(service)
            problems += [files.located(item.problem, document) for item in (*decided.violations, *decided.notices)]

    errors = [problem for problem in problems if problem.severity == "error"]
    if output == "json":
        rows = [{"severity": item.severity, "path": item.path, "message": item.message} for item in problems]
        emit_json({"services": len(found), "errors": len(errors), "problems": rows})
    else:
        for problem in problems:
            out.print(
                styled(f"{problem.severity}: ", "red" if problem in errors else "yellow"), styled(problem), sep=""
            )
        if not problems:
            out.print(styled(f"{len(found)} services: nothing to complain about", "green"))
    if errors or (strict and problems):
        raise SystemExit(EXIT_FAILED)


COMMANDS = [lint]
