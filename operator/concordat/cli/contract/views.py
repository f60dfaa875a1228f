"""
``concordat contract list``, ``show`` and ``consumers``: what is published, what it offers, who relies on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import rich_click as click
from rich.table import Table
from rich.text import Text

from concordat.cli.cluster_access import Cluster, all_namespaces_option, cluster_options, namespace_option
from concordat.cli.contract import registry
from concordat.cli.contract.documents import document_of, names_a_file, text_of
from concordat.cli.output import EXIT_FAILED, emit_json, notes, out, output_option, styled
from concordat.cli.service.readiness import of_contract, verdicts
from concordat.facts.tokens import Token
from concordat_contracts import Document
from concordat_contracts.legible import legible

_COLOURS = {"True": "green", "False": "bold red", "Unknown": "yellow"}
_VERDICTS = {"compatible": "green", "breaking": "bold red", "unknown": "yellow"}


@click.command("list")
@namespace_option
@all_namespaces_option
@output_option
@cluster_options
def list_(cluster: Cluster, namespace: str | None, all_namespaces: bool, output: str) -> None:
    """
    The contracts of a namespace: what is in force, and whether the version last written is.

    Exits with 1 when a contract was refused.

    \b
    Examples:
      concordat contract list
      concordat contract list -A -o json
    """
    found = registry.contracts(cluster, namespace=None if all_namespaces else namespace or cluster.namespace)
    rows = [of_contract(item) for item in found]
    if output == "json":
        emit_json({"contracts": rows})
    elif not rows:
        notes.print("no ServiceContracts here; -A looks into every namespace")
    else:
        table = Table("NAMESPACE", "NAME", "READY", "TYPE", "VERSION", "STATE", "SUNSET", "CONSUMERS", box=None)
        for row in rows:
            ready = styled(row["ready"], _COLOURS[row["ready"]])
            rest = (row["type"], row["version"], row["state"], row["sunset"], row["consumers"])
            table.add_row(styled(row["namespace"]), styled(row["name"]), ready, *map(styled, rest))
        out.print(table)
    for row in rows:
        if row["ready"] == "False":
            notes.print(styled(row["message"] or row["reason"], "yellow"))
    if any(row["ready"] == "False" for row in rows):
        raise SystemExit(EXIT_FAILED)


@click.command("show")
@click.argument("subject", metavar="FILE|NAMESPACE/NAME")
@output_option
@cluster_options
def show(cluster: Cluster, subject: str, output: str) -> None:
    """
    What a document offers: its operations, by the names consumers may use. Of a contract in a cluster, also its life and its users.

    \b
    Examples:
      concordat contract show openapi.yaml
      concordat contract show schema.graphql -o json
      concordat contract show payments/payments-api
      concordat contract show payments/payments-api@1.3.0
    """
    if names_a_file(subject):
        described = document_of(text_of(subject), subject)
        if output == "json":
            emit_json(_described(described))
        else:
            _print_document(described, subject)
        return
    reference, _, wanted = subject.partition("@")
    item = registry.contract(cluster, reference)
    known = registry.published(cluster, reference)
    version = known.version(wanted or None)
    document = document_of(version.document.encode(), subject) if version else None
    uses = registry.usages(item, registry.declared(cluster))
    if output == "json":
        emit_json(
            of_contract(item)
            | {
                "versions": [each.version for each in known.versions],
                "document": _described(document) if document else None,
                "usages": uses,
                "objectives": item["spec"].get("objectives") or [],
                "auth": item["spec"].get("auth"),
                "tokens": {
                    name: [asdict(one) if one else None for one in found] for name, found in known.tokens.items()
                },
                "problems": (item.get("status") or {}).get("problems") or [],
            }
        )
        return
    _print_life(of_contract(item), [each.version for each in known.versions], item["spec"])
    if document:
        _print_document(document, reference)
    _print_users(verdicts(item), uses, _said(item, known.tokens))


@click.command("consumers")
@click.argument("reference", metavar="NAMESPACE/NAME")
@output_option
@cluster_options
def consumers(cluster: Cluster, reference: str, output: str) -> None:
    """
    Who relies on a contract now, what they use of it, what the version last written means for them, and which scopes they ask their tokens
    for where the contract demands tokens.

    \b
    Examples:
      concordat contract consumers payments/payments-api
      concordat contract consumers payments/payments-api -o json | jq '.consumers[] | select(.verdict != "compatible")'
    """
    item = registry.contract(cluster, reference if "/" in reference else f"{cluster.namespace}/{reference}")
    uses = registry.usages(item, registry.declared(cluster))
    judged = verdicts(item)
    tokens = _said(item, registry.tokens(item, registry.asked(cluster)))
    if output == "json":
        rows = [
            {"name": name, "verdict": judged.get(name, ""), "uses": used}
            | ({"tokens": tokens.get(name, NO_TOKEN)} if tokens is not None else {})
            for name, used in uses.items()
        ]
        emit_json({"contract": reference, "consumers": rows})
        return
    _print_users(judged, uses, tokens)


NO_TOKEN = "none"


def _said(item: Mapping[str, Any], tokens: Mapping[str, tuple[Token | None, ...]]) -> dict[str, str] | None:
    """By consumer, which scopes it asks its tokens for; nothing where nobody demands tokens."""
    if not item["spec"].get("auth"):
        return None
    external = {each["name"]: _scopes(each.get("scopes")) for each in item["spec"].get("externalConsumers") or ()}
    running = {
        name: ", or ".join(_scopes(one.scopes if one else None) for one in found) for name, found in tokens.items()
    }
    return external | running


def _scopes(asked: Sequence[str] | None) -> str:
    if asked is None:
        return NO_TOKEN
    return " ".join(asked) or "without scopes"


def _described(document: Document) -> dict[str, Any]:
    return {
        "format": document.format.value,
        "formatVersion": document.version,
        "title": document.title,
        "version": document.release,
        "operations": [{"operation": name, "id": identity} for name, identity in document.operations.items()],
    }


def _print_document(document: Document, name: str) -> None:
    title = f"{document.title or name} {document.release}".strip()
    out.print(styled(legible(f"{title} ({document.format.value} {document.version}".strip() + ")"), "bold"))
    for operation, identity in document.operations.items():
        out.print(Text.assemble("  ", legible(operation), (f"  {legible(identity)}" if identity else "", "dim")))
    if not document.operations:
        out.print(styled("  no operations", "dim"))


def _print_life(summary: Mapping[str, Any], versions: list[str], spec: Mapping[str, Any]) -> None:
    out.print(styled(f"ServiceContract {summary['namespace']}/{summary['name']}", "bold"))
    lines = {
        "ready": f"{summary['ready']} {summary['reason']}".strip(),
        "in force": f"{summary['version'] or 'nothing yet'} {summary['state']}".strip(),
        "accepted": ", ".join(versions),
        "sunset": summary["sunset"],
        "successor": summary["successor"],
        "promises": ", ".join(map(_promise, spec.get("objectives") or ())),
        "tokens": _tokens(spec.get("auth"), f"{summary['namespace']}/{summary['name']}"),
        "open to": ", ".join((spec.get("access") or {}).get("namespaces") or ()),
    }
    for name, value in lines.items():
        if value:
            out.print(Text.assemble((f"  {name:10}", "dim"), legible(value)))
    if summary["ready"] == "False" and summary["message"]:
        out.print(styled(summary["message"], "yellow"))


def _tokens(auth: Mapping[str, Any] | None, reference: str) -> str:
    if not auth:
        return ""
    scopes = "; ".join(f"{name} wants {', '.join(wanted)}" for name, wanted in (auth.get("scopes") or {}).items())
    return f"of {auth['issuer']} for {auth.get('audience') or reference}" + (f"; {scopes}" if scopes else "")


def _promise(objective: Mapping[str, Any]) -> str:
    below = f" below {objective['below']}" if "below" in objective else ""
    of = f" of {objective['operation']}" if "operation" in objective else ""
    return f"{objective['name']} {objective['target']} %{below}{of}"


def _print_users(judged: Mapping[str, str], uses: Mapping[str, Any], tokens: Mapping[str, str] | None = None) -> None:
    if not uses:
        out.print(styled("nobody relies on it", "dim"))
        return
    columns = ("CONSUMER", "VERDICT", *(["TOKEN"] if tokens is not None else []), "USES")
    table = Table(*columns, box=None, pad_edge=False)
    for name, used in uses.items():
        verdict = judged.get(name, "")
        token = [styled(tokens.get(name, NO_TOKEN))] if tokens is not None else []
        table.add_row(styled(name), styled(verdict, _VERDICTS.get(verdict, "")), *token, styled(_used(used)))
    out.print(table)


def _used(uses: Mapping[str, Any] | None) -> str:
    if uses is None:
        return "everything"
    return legible("; ".join(name if reads is None else f"{name} ({', '.join(reads)})" for name, reads in uses.items()))
