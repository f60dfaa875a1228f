"""
A version that might be published: a ServiceContract in a file, or a document for a contract that is there already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from concordat.api import ServiceContract, parse_contract
from concordat.cli import files
from concordat.cli.contract.config_maps import document_in
from concordat.cli.contract.documents import document_of, text_of
from concordat.cli.output import fail
from concordat.errors import InvalidInput
from concordat.gate.register import Published
from concordat.manifest import conventions

_SPEC_KINDS = ("openapi", "graphql", "asyncapi")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A contract as it would be, and its document."""

    contract: ServiceContract
    document: str
    source: str
    """The file, for messages."""


def candidates(filenames: Sequence[str], *, namespace: str) -> list[Candidate]:
    """
    The ServiceContracts in files, with their documents: inline, or in ConfigMaps of the same files.

    Raises :exc:`InvalidInput` naming file, line and field.
    """
    documents = files.read(filenames)
    maps = {
        (item["metadata"].get("namespace") or namespace, item["metadata"]["name"]): item
        for each in documents
        if (item := each.content).get("kind") == "ConfigMap"
    }
    found, problems = [], []
    for each in documents:
        if each.content.get("kind") != conventions.SERVICE_CONTRACT:
            continue
        try:
            contract = parse_contract(each.content, namespace=namespace)
        except InvalidInput as error:
            problems += [files.located(problem, each) for problem in error.problems]
            continue
        found.append(Candidate(contract=contract, document=_document(contract, maps), source=each.file))
    if problems:
        raise InvalidInput(tuple(problems))
    return found


def is_manifest(file: str) -> bool:
    """Whether a file holds Kubernetes objects rather than an API document."""
    if file == "-":
        return False
    try:
        return any("kind" in each.content and "apiVersion" in each.content for each in files.read([file]))
    except InvalidInput:
        return False


def candidate(file: str, reference: str, known: Published | None, *, version: str | None) -> Candidate:
    """The document in ``file`` as the next version of ``namespace/name``; the rest of the contract stays as it is."""
    namespace, _, name = reference.rpartition("/")
    text = text_of(file)
    document = document_of(text, file)
    if document.format.value not in _SPEC_KINDS:
        fail(f"{file}: a contract is {', '.join(_SPEC_KINDS)}; this is {document.format.value}")
    version = version or document.release
    if not version:
        fail(f"{file} does not state its version: give it with --version 1.2.0")
    state = known.state if known else ""
    spec = {
        "type": document.format.value,
        "version": version,
        "document": {"configMap": {"name": "document", "key": "document"}},
        "compatibility": known.compatibility.value if known else "backward",
        "lifecycle": {"state": state or "active"} | ({"sunset": known.sunset} if known and known.sunset else {}),
        "externalConsumers": _external(known) if known else [],
        **(_auth(known) if known and known.type == document.format.value else {}),
    }
    manifest = {
        "apiVersion": conventions.API_VERSION,
        "kind": conventions.SERVICE_CONTRACT,
        "metadata": {"name": name, "namespace": namespace or "default"},
        "spec": spec,
    }
    return Candidate(contract=parse_contract(manifest), document=text.decode("utf-8", "replace"), source=file)


def _auth(known: Published) -> dict[str, Any]:
    """The tokens it demands: what they are for must be there in the next version as well."""
    if known.auth is None:
        return {}
    scopes = {one.operation: list(one.scopes) for one in known.auth.operations if one.scopes}
    return {"auth": {"issuer": known.auth.issuer, "audience": known.auth.audience, "scopes": scopes}}


def _external(known: Published) -> list[dict[str, Any]]:
    found = []
    for name, uses in known.usages.items():
        if "/" in name:
            continue
        declared = [{"operation": op} | ({"reads": list(reads)} if reads else {}) for op, reads in (uses or {}).items()]
        found.append({"name": name} | ({"uses": declared} if declared else {}))
    return found


def _document(contract: ServiceContract, maps: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    wanted = contract.spec.document
    if wanted.inline is not None:
        return wanted.inline
    parts = wanted.parts or ((wanted.config_map,) if wanted.config_map else ())
    held = {part.name: maps[contract.namespace, part.name] for part in parts if (contract.namespace, part.name) in maps}
    return document_in([{"name": part.name, "key": part.key} for part in parts], held, contract.reference)
