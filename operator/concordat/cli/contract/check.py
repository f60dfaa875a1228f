"""
``concordat contract check`` and ``export``: would this version be accepted, and whom would it break?
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rich_click as click
from rich.table import Table

from concordat import __version__
from concordat.api import State
from concordat.cli.cluster_access import Cluster, all_namespaces_option, cluster_options, namespace_option
from concordat.cli.contract import registry
from concordat.cli.contract.candidates import Candidate, candidate, candidates, is_manifest
from concordat.cli.contract.documents import text_of
from concordat.cli.contract.line_index import lines_in
from concordat.cli.output import fail, notes, out, plain, styled
from concordat.gate import Case, Change, Decision, decide, refusal
from concordat.gate.assessment import assess
from concordat.gate.register import Published, Register
from concordat_contracts import Finding, Outcome, Severity, Verdict
from concordat_contracts.findings.reports import as_junit, as_markdown, as_sarif, markdown_cell
from concordat_contracts.legible import legible

ACCEPTED, REFUSED, UNDECIDED = 0, 1, 3
"""2 is left for input that cannot be used."""
_DRAFT = "A draft binds nobody: it is accepted as it is. If it were in force, the gate would say:"
_COLOURS = {"compatible": "green", "breaking": "bold red", "unknown": "yellow"}


@click.command("check")
@click.argument("filenames", metavar="FILE...", nargs=-1, required=True)
@click.option("--contract", "reference", metavar="NAMESPACE/NAME", help="Whose next version the document in FILE is.")
@click.option("--version", help="The document's version, where it does not state one itself (GraphQL).")
@click.option(
    "--against",
    metavar="EXPORT",
    help="What `concordat contract export` wrote, instead of a cluster; - is standard input.",
)
@click.option("-n", "--namespace", help="Namespace of what does not state one; the context's own if left out.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "markdown", "json", "junit", "sarif"]),
    default="text",
    show_default=True,
    help="For people, a pull request, or machines.",
)
@cluster_options
def check(
    cluster: Cluster,
    filenames: Sequence[str],
    reference: str | None,
    version: str | None,
    against: str | None,
    namespace: str | None,
    output: str,
) -> None:
    """
    Would this version be accepted, and whom would it break?

    The operator's own decision, made beforehand: against a cluster, or in CI against an export of one. FILE is a ServiceContract (with its
    ConfigMaps, as `push -o yaml` writes them), or a bare API document together with --contract. Of a draft it is told what would be said if it were
    in force. Ends with 0 when it would be accepted,
    1 when refused, 2 when a file cannot be used, 3 when it would be refused only because something could not be decided.

    \b
    Examples:
      concordat contract check payments-api.yaml
      concordat contract check --contract payments/payments-api openapi.yaml -o markdown
      concordat contract export -A > contracts.json            where the cluster can be reached
      concordat contract check --against contracts.json payments-api.yaml -o junit      where it cannot
    """
    exported = Register.parse(text_of(against)) if against else None
    place = namespace or ("default" if exported else cluster.namespace)
    answers = [
        _answer(each, known)
        for each, known in _asked(filenames, reference, version, place, exported=exported, cluster=cluster)
    ]
    if not answers:
        fail(f"no ServiceContract in {', '.join(filenames)}; for a bare API document say which with --contract")
    _print(answers, output)
    raise SystemExit(max(map(_code, answers), key=lambda code: (code == REFUSED, code)))


@click.command("export")
@namespace_option
@all_namespaces_option
@cluster_options
def export(cluster: Cluster, namespace: str | None, all_namespaces: bool) -> None:
    """
    Accepted versions and who uses what of them, as one JSON object: for `check --against` where no cluster is in reach.

    It holds the contracts in normal form (no descriptions or examples) and the names of those who use them; no address, no secret.

    \b
    Examples:
      concordat contract export -A > contracts.json
      concordat contract export -n payments | jq '.contracts[].usages'
    """
    found = registry.register(cluster, namespace=None if all_namespaces else namespace or cluster.namespace)
    sys.stdout.write(found.model_dump_json(indent=2) + "\n")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the gate says of one candidate."""

    new: Candidate
    case: Case
    decision: Decision
    draft: bool
    """It binds nobody and is accepted; this is what would be said if it did."""


def _asked(
    filenames: Sequence[str],
    reference: str | None,
    version: str | None,
    namespace: str,
    *,
    exported: Register | None,
    cluster: Cluster,
) -> list[tuple[Candidate, Published]]:
    def known(name: str) -> Published | None:
        return exported.find(name) if exported else registry.known(cluster, name)

    if reference is None or all(map(is_manifest, filenames)):
        found = candidates(filenames, namespace=namespace)
        return [(each, known(each.contract.reference) or _unpublished(each)) for each in found]
    if len(filenames) != 1:
        fail("--contract names one contract: give the one FILE with its document")
    reference = reference if "/" in reference else f"{namespace}/{reference}"
    there = known(reference)
    if there is None:
        notes.print(styled(f"{reference} is not published yet: this would be its first version", "yellow"))
    new = candidate(filenames[0], reference, there, version=version)
    return [(new, there or _unpublished(new))]


def _unpublished(new: Candidate) -> Published:
    return Published(type=new.contract.spec.type.value)


def _answer(new: Candidate, known: Published) -> Answer:
    draft = new.contract.spec.lifecycle.state is State.DRAFT
    asked, contract = known, new.contract
    if draft:
        lifecycle = contract.spec.lifecycle.model_copy(update={"state": State.ACTIVE})
        contract = contract.model_copy(update={"spec": contract.spec.model_copy(update={"lifecycle": lifecycle})})
        asked = known.as_if_in_force(contract.spec.version)
    with notes.status(f"comparing {plain(contract.reference)}"):
        assessment = assess(asked.question(contract, new.document))
    case = asked.case(contract, assessment)
    return Answer(new=new, case=case, decision=decide(case), draft=draft)


def _code(answer: Answer) -> int:
    decision = answer.decision
    if decision.accepted or (answer.draft and not decision.about("Valid")):
        return ACCEPTED
    changes = [change for objection in decision.objections for change in objection.changes]
    certain = any(not objection.changes for objection in decision.objections) or any(not c.undecided for c in changes)
    return REFUSED if certain else UNDECIDED


# --- how it is said -----------------------------------------------------------------------------------------------------


def _print(answers: Sequence[Answer], output: str) -> None:
    if output == "json":
        _write_json({"contracts": [_plain(answer) for answer in answers]})
    elif output == "markdown":
        sys.stdout.write("\n".join(map(_markdown, answers)))
    elif output == "junit":
        verdict = Verdict.of(finding for answer in answers for finding in _findings(answer))
        sys.stdout.write(as_junit(verdict, *_names(answers)))
    elif output == "sarif":
        verdict = Verdict.of(finding for answer in answers for finding in _findings(answer))
        source = answers[0].new.source
        _write_json(as_sarif(verdict, source, __version__, line=lines_in(source)))
    else:
        for answer in answers:
            _print_text(answer)


def _names(answers: Sequence[Answer]) -> tuple[str, str]:
    old = ", ".join(f"{each.new.contract.reference} {each.case.in_force.version}".strip() for each in answers)
    return old, ", ".join(each.new.contract.spec.version for each in answers)


def _print_text(answer: Answer) -> None:
    new, case, decision = answer.new, answer.case, answer.decision
    if answer.draft:
        out.print(styled(_DRAFT, "yellow"))
    if decision.accepted and not decision.forced:
        out.print(styled(f"ServiceContract {_step(new, case)} would be accepted", "bold green"))
    else:
        out.print(styled(refusal(case, decision)))
    for change in case.assessment.warnings:
        out.print(styled(legible(f" warning: {change.id} {change.location}: {change.message}"), "yellow"))
    if not decision.verdicts:
        out.print(styled("nobody relies on it here", "dim"))
        return
    table = Table("CONSUMER", "VERDICT", "WHAT OF IT", box=None, pad_edge=False)
    for name, verdict in decision.verdicts:
        harms = (*case.assessment.harms, *case.shut_out)
        touching = [change.location for change in harms if name in change.consumers]
        shown = "; ".join(touching[:3]) + (f" and {len(touching) - 3} more" if len(touching) > 3 else "")
        table.add_row(styled(name), styled(verdict, _COLOURS.get(verdict, "")), styled(legible(shown)))
    out.print(table)


def _step(new: Candidate, case: Case) -> str:
    before, after = case.in_force.version, new.contract.spec.version
    return f"{new.contract.reference} {after if before in ('', after) else f'{before} -> {after}'}"


def _markdown(answer: Answer) -> str:
    new, case, decision = answer.new, answer.case, answer.decision
    old = f"{new.contract.reference} {case.in_force.version}".strip()
    verdict = Verdict.of(_findings(answer))
    text = as_markdown(verdict, old, new.contract.spec.version)
    text += f"\n{_DRAFT}\n" if answer.draft else ""
    text += f"\n**{_would(decision)}**\n"
    if decision.verdicts:
        rows = "".join(f"| {markdown_cell(name)} | {result} |\n" for name, result in decision.verdicts)
        text += f"\n| consumer | verdict |\n|---|---|\n{rows}"
    return text


def _would(decision: Decision) -> str:
    return "Would be accepted" if decision.accepted else "Would wait" if decision.waits else "Would be refused"


def _plain(answer: Answer) -> dict[str, Any]:
    new, case, decision = answer.new, answer.case, answer.decision
    return {
        "contract": new.contract.reference,
        "inForce": case.in_force.version,
        "version": new.contract.spec.version,
        "draft": answer.draft,
        "accepted": decision.accepted,
        "forced": decision.forced,
        "message": refusal(case, decision),
        "objections": [
            {
                "condition": each.aspect,
                "reason": each.reason,
                "path": each.problem.path,
                "message": each.problem.message,
            }
            for each in decision.objections
        ],
        "findings": [
            {
                "id": each.id,
                "severity": each.severity,
                "location": each.location,
                "message": each.message,
                "consumers": list(each.consumers),
            }
            for each in _changes(case, decision)
        ],
        "consumers": [{"name": name, "verdict": verdict} for name, verdict in decision.verdicts],
    }


def _changes(case: Case, decision: Decision) -> list[Change]:
    objected = [change for objection in decision.objections for change in objection.changes]
    return list({(c.id, c.location, c.message): c for c in (*objected, *case.assessment.warnings)}.values())


def _findings(answer: Answer) -> list[Finding]:
    """As a verdict's, so that reports are the same as of `diff`."""
    new, case, decision = answer.new, answer.case, answer.decision
    severity = Severity.WARNING if _code(answer) == ACCEPTED else Severity.ERROR
    found = [
        _finding(objection.reason, severity, new.contract.reference, str(objection.problem))
        for objection in decision.objections
        if not objection.changes
    ]
    for change in _changes(case, decision):
        users = f" (used by {', '.join(change.consumers)})" if change.consumers else ""
        found.append(
            _finding(
                change.id,
                Severity.WARNING if change in case.assessment.warnings else severity,
                change.location,
                f"{change.message}{users}",
                undecided=change.undecided,
            )
        )
    return found


def _finding(rule: str, severity: Severity, location: str, message: str, *, undecided: bool = False) -> Finding:
    outcome = Outcome.BREAKING if severity is Severity.ERROR else Outcome.COMPATIBLE
    return Finding(
        id=rule,
        severity=severity,
        location=location,
        message=message,
        outcome=Outcome.UNKNOWN if undecided else outcome,
    )


def _write_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")
