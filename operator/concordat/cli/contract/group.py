"""
``concordat contract``: what a change of an API document breaks.
"""

import datetime
import json
import sys
from collections.abc import Sequence
from typing import Any

import rich_click as click
from rich.text import Text

from concordat import __version__
from concordat.cli.cluster_access import Cluster, cluster_options
from concordat.cli.contract.check import check, export
from concordat.cli.contract.conform import conform
from concordat.cli.contract.documents import document, text_of
from concordat.cli.contract.line_index import lines_in
from concordat.cli.contract.push import push
from concordat.cli.contract.views import consumers, list_, show
from concordat.cli.output import as_yaml, emit_json, fail, notes, out, output_option, styled
from concordat_contracts import (
    RULES,
    Direction,
    InvalidDocument,
    Outcome,
    Policy,
    Severity,
    Verdict,
    compare,
    parse_text,
)
from concordat_contracts.findings.reports import as_junit, as_markdown, as_sarif, summary, witness_text
from concordat_contracts.legible import legible
from concordat_contracts.usage import pacts

EXIT_CODES = {Outcome.COMPATIBLE: 0, Outcome.BREAKING: 1, Outcome.UNKNOWN: 3}
"""2 is left for input that cannot be used."""

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}


@click.group("contract", context_settings={"help_option_names": ["-h", "--help"]})
def contract() -> None:
    """
    What a change of an API document breaks, and for whom.

    diff, rules and conform need no cluster; check needs one, or what export wrote of it; the others ask or change one.

    \b
    Examples:
      concordat contract diff v1.yaml v2.yaml                                 what breaks, with a witness
      concordat contract check --contract payments/payments-api openapi.yaml  whether the cluster would accept it
      concordat contract push openapi.yaml --name payments-api -n payments    publish it
    """


@contract.command("diff")
@click.argument("old")
@click.argument("new", required=False)
@click.option("-f", "--file", "file", metavar="FILE", help="NEW as an option, the way refusals of the gate write it.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "markdown", "json", "junit", "sarif"]),
    default="text",
    show_default=True,
    help="For people, a pull request, or machines.",
)
@click.option(
    "--severity",
    "severities",
    multiple=True,
    metavar="RULE=LEVEL",
    help="Make a rule an error, a warning, or mere information; can be given again.",
)
@click.option(
    "--direction",
    type=click.Choice([each.value for each in Direction]),
    default=Direction.REQUEST.value,
    show_default=True,
    help="For plain JSON Schemas: whether the instances are sent to the service, come from it, or both.",
)
@click.option("--today", metavar="DATE", help="The day sunsets are measured by; today by default.")
@click.option("--grace-days", type=click.IntRange(min=0), default=0, help="Days a deprecated operation must live on.")
@click.option("--grace-days-beta", type=click.IntRange(min=0), default=0, help="The same for operations marked beta.")
@click.option(
    "--stability",
    type=click.Choice(["draft", "alpha", "beta", "stable"]),
    default="beta",
    show_default=True,
    help="Operations below this x-stability-level may change as they like.",
)
@cluster_options
def diff(
    cluster: Cluster,
    old: str,
    new: str | None,
    file: str | None,
    output: str,
    severities: Sequence[str],
    direction: str,
    today: str | None,
    grace_days: int,
    grace_days_beta: int,
    stability: str,
) -> None:
    """
    What of NEW breaks those who rely on OLD.

    Both are files (OpenAPI 2.0 to 3.1, AsyncAPI 2 and 3, GraphQL SDL, JSON Schema; JSON or YAML; - is standard input), the format found
    by looking, or versions a cluster has accepted: namespace/name for the one in force, namespace/name@1.3.0 for another. Ends with 0 when compatible, 1 when breaking, 2 when a file cannot be used, 3 when something could not be decided.

    \b
    Examples:
      concordat contract diff v1.yaml v2.yaml                      for people
      concordat contract diff v1.yaml v2.yaml -o markdown          for a pull request
      concordat contract diff old.graphql new.graphql -o json      for machines
      git show main:api.yaml | concordat contract diff - api.yaml  against the main branch
      concordat contract diff v1.yaml v2.yaml --severity server-removed=error
      concordat contract diff payments/payments-api -f new.yaml    against what is in force in the cluster
      concordat contract diff payments/payments-api@1.3.0 payments/payments-api
    """
    if (new is None) == (file is None):
        fail("give the new version once: as the second argument, or with -f FILE")
    new = str(new or file)
    policy = Policy(
        today=_day(today),
        grace_days_stable=grace_days,
        grace_days_beta=grace_days_beta,
        stability_threshold=stability,
    )
    overrides = _severities(severities)
    if old == new == "-":
        fail("only one of the two can be standard input; give the other as a file")
    before, after = document(old, cluster), document(new, cluster)
    try:
        verdict = compare(before, after, policy=policy, severities=overrides, direction=Direction(direction))
    except InvalidDocument as error:
        fail(str(error))
    _print(verdict, output, old, new)
    raise SystemExit(EXIT_CODES[verdict.outcome])


@contract.command("rules")
@output_option
def rules(output: str) -> None:
    """
    Every rule a comparison can cite.

    \b
    Examples:
      concordat contract rules
      concordat contract rules -o json
    """
    if output == "json":
        emit_json([{"id": each.id, "severity": each.severity.value, "says": each.says} for each in RULES.values()])
        return
    for each in RULES.values():
        out.print(Text.assemble((f"{each.severity.value:8}", _STYLES[each.severity]), f"{each.id:58}  {each.says}"))


@contract.group("import")
def import_() -> None:
    """
    Turn what other tools know into declared usage.

    \b
    Examples:
      concordat contract import pact shop-payments.json payments.yaml
    """


@import_.command("pact")
@click.argument("file")
@click.argument("described", metavar="DOCUMENT|NAMESPACE/NAME")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="As it stands in a Microservice, or one JSON object for machines.",
)
@cluster_options
def import_pact(cluster: Cluster, file: str, described: str, output: str) -> None:
    """
    The `uses` of a consumer, from the pact FILE it has with the provider of DOCUMENT: a file, or a contract in a cluster.

    \b
    Examples:
      concordat contract import pact shop-payments.json payments.yaml
      concordat contract import pact shop-payments.json payments/payments-api
    """
    try:
        usage = pacts.usage_of(parse_text(text_of(file)), document(described, cluster))
    except InvalidDocument as error:
        fail(f"{file}: {error}")
    if output == "json":
        emit_json({"uses": usage.uses})
        return
    sys.stdout.write(as_yaml([{"uses": usage.uses}]))
    for each in usage.unmatched:
        notes.print(styled(f"not in the document: {each}", "yellow"))


def _day(text: str | None) -> datetime.date:
    if text is None:
        return datetime.datetime.now(tz=datetime.UTC).date()
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        fail(f"--today {text!r} is no date; write it like 2027-06-30")


def _severities(given: Sequence[str]) -> dict[str, Severity]:
    overrides: dict[str, Severity] = {}
    for each in given:
        rule, _, level = each.partition("=")
        if rule not in RULES:
            fail(f"--severity {each}: no rule is called {rule!r}; `concordat contract rules` lists them")
        try:
            overrides[rule] = Severity(level)
        except ValueError:
            fail(f"--severity {each}: a level is error, warning or info")
    return overrides


def _print(verdict: Verdict, output: str, old: str, new: str) -> None:
    if output == "json":
        _write_json(verdict.as_json())
    elif output == "markdown":
        sys.stdout.write(as_markdown(verdict, old, new))
    elif output == "junit":
        sys.stdout.write(as_junit(verdict, old, new))
    elif output == "sarif":
        _write_json(as_sarif(verdict, new, __version__, line=lines_in(new)))
    else:
        _print_text(verdict)


def _write_json(value: Any) -> None:
    """A witness may hold numbers beyond 64 bits, which only the standard library writes."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=True, default=str) + "\n")


def _print_text(verdict: Verdict) -> None:
    for each in verdict.findings:
        out.print(
            Text.assemble(
                (f"{each.severity.value:8}", _STYLES[each.severity]),
                (legible(each.location), "bold"),
                f" {legible(each.message)} ",
                (f"[{each.id}]", "dim"),
            )
        )
        witness = witness_text(each)
        if witness:
            out.print(Text.assemble(" " * 8, ("for example ", "dim"), legible(witness)))
    colour = {Outcome.COMPATIBLE: "green", Outcome.BREAKING: "bold red", Outcome.UNKNOWN: "yellow"}[verdict.outcome]
    out.print(styled(summary(verdict), colour))


for command in (show, list_, consumers, check, push, export, conform):
    contract.add_command(command)

COMMANDS: list[click.Command] = [contract]
__all__: list[Any] = ["COMMANDS", "EXIT_CODES"]
