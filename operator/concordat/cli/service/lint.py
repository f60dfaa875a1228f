"""
``concordat lint``: what the API server or the operator would refuse, and what is better said otherwise.
"""

from collections.abc import Iterator, Sequence

import rich_click as click

from concordat.api import parse_contract
from concordat.cli import files
from concordat.cli.offline import World
from concordat.cli.output import EXIT_FAILED, emit_json, fail, out, output_option, styled
from concordat.errors import InvalidInput, Problem
from concordat.gate import Case, InForce, Question, decide
from concordat.manifest import conventions


@click.command("lint")
@click.argument("filenames", nargs=-1, required=True)
@click.option("-n", "--namespace", default="default", show_default=True, help="Namespace of what does not state one.")
@click.option("--strict", is_flag=True, help="Warnings fail as well.")
@output_option
def lint(filenames: Sequence[str], namespace: str, strict: bool, output: str) -> None:
    """
    Check the Microservices and ServiceContracts in FILENAMES the way the API server and the operator will.

    One line a finding: file, line, field, remedy. Exits with 1 when there is an error.

    \b
    Examples:
      concordat lint services/
      concordat lint --strict -o json orders.yaml
    """
    documents = files.read(filenames)
    contracts = [document for document in documents if document.content.get("kind") == conventions.SERVICE_CONTRACT]
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
        problems += [problem for document in contracts for problem in _unusable(document, namespace)]

    errors = [problem for problem in problems if problem.severity == "error"]
    if output == "json":
        rows = [{"severity": item.severity, "path": item.path, "message": item.message} for item in problems]
        emit_json({"services": len(found), "contracts": len(contracts), "errors": len(errors), "problems": rows})
    else:
        for problem in problems:
            out.print(
                styled(f"{problem.severity}: ", "red" if problem in errors else "yellow"), styled(problem), sep=""
            )
        if not problems:
            checked = f"{len(found)} services" + (f" and {len(contracts)} contracts" if contracts else "")
            out.print(styled(f"{checked}: nothing to complain about", "green"))
    if errors or (strict and problems):
        raise SystemExit(EXIT_FAILED)


def _unusable(document: files.Document, namespace: str) -> Iterator[Problem]:
    """Of a contract whose document stands in it: what the gate would say if there were no version before."""
    contract = parse_contract(document.content, namespace=namespace)
    if contract.spec.document.inline is None:
        return
    from concordat.gate.assessment import assess  # half a second, and most files hold no contract

    question = Question(
        document=contract.spec.document.inline,
        format=contract.spec.type.value,
        new=True,
        scopes=contract.spec.auth.scopes if contract.spec.auth else None,
    )
    case = Case(contract=contract, in_force=InForce(), assessment=assess(question))
    for objection in decide(case).objections:
        yield files.located(objection.problem, document)


COMMANDS = [lint]
