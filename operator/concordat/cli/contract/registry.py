"""
What a cluster knows of its contracts: accepted versions from their ConfigMaps, users from what runs.

Sound before all else: where it is not known what somebody uses, it counts as everything.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from concordat.api import AcceptedVersion, Microservice, ServiceContractStatus, State, parse
from concordat.cli.cluster_access import Cluster
from concordat.cli.contract.config_maps import document_in
from concordat.cli.output import EXIT_FAILED, fail, notes, plain, styled
from concordat.errors import InvalidInput
from concordat.facts.tokens import Token
from concordat.gate import Question, together, usage_of
from concordat.gate.assessment import assess
from concordat.gate.register import Accepted, Published, Register, Usages, pack
from concordat.manifest import conventions
from concordat.world.usage import tokens_in, usages_in

_API = f"/apis/{conventions.GROUP}/{conventions.VERSION}"
_OURS = f"{conventions.LABEL_MANAGED_BY}={conventions.MANAGED_BY}"

Uses = dict[str, tuple[str, ...] | None] | None
Declared = dict[str, dict[str, list[Uses]]]
"""Contract -> consumer -> everything that was said of what it uses."""
Asked = dict[str, dict[str, list[Token | None]]]
"""Contract -> consumer -> the tokens its pods ask for; ``None`` for none, or where nobody knows."""


def contracts(cluster: Cluster, *, namespace: str | None) -> list[dict[str, Any]]:
    """The ServiceContracts, as Kubernetes objects; a cluster without the CRD is told how to get it."""
    cluster.must_serve(conventions.SERVICE_CONTRACTS, conventions.SERVICE_CONTRACT)
    if namespace is None and not cluster.may_list(conventions.GROUP, conventions.SERVICE_CONTRACTS):
        namespace = cluster.namespace
        notes.print(styled(f"you may not list other namespaces: only {namespace} is known here", "yellow"))
    return cluster.items(_API, conventions.SERVICE_CONTRACTS, namespace=namespace)


def find(cluster: Cluster, reference: str) -> dict[str, Any] | None:
    """One ServiceContract, if there is one; a cluster without the CRD is told how to get it."""
    namespace, _, name = reference.partition("/")
    found: dict[str, Any] | None = cluster.get(path(namespace, name))
    if found is None:
        cluster.must_serve(conventions.SERVICE_CONTRACTS, conventions.SERVICE_CONTRACT)
    return found


def contract(cluster: Cluster, reference: str) -> dict[str, Any]:
    """One ServiceContract; ends the command where there is none."""
    found = find(cluster, reference)
    if found is None:
        fail(
            f"no ServiceContract {reference} in the cluster, and no such file; `concordat contract list -A` shows them",
            code=EXIT_FAILED,
        )
    return found


def published(cluster: Cluster, reference: str) -> Published:
    """What binds of one contract; ends the command where there is none."""
    return _published(cluster, contract(cluster, reference), declared(cluster), asked(cluster))


def accepted(cluster: Cluster, reference: str, version: str | None) -> Accepted:
    """One accepted version of a contract, the one in force for None; ends the command where there is none."""
    item = contract(cluster, reference)
    versions = _status(item).versions
    found = [each for each in versions if version in (None, each.version)]
    if not found:
        there = ", ".join(each.version for each in versions) or "none"
        wanted = f"version {version}" if version else "version"
        fail(f"{reference} has no accepted {wanted}; accepted are: {there}", code=EXIT_FAILED)
    return _accepted(cluster, item, found[-1])


def known(cluster: Cluster, reference: str) -> Published | None:
    """What binds of one contract, if there is one."""
    found = find(cluster, reference)
    return _published(cluster, found, declared(cluster), asked(cluster)) if found else None


def register(cluster: Cluster, *, namespace: str | None) -> Register:
    """All of them."""
    said, asking = declared(cluster), asked(cluster)
    found = contracts(cluster, namespace=namespace)
    return Register(contracts={_reference(item): _published(cluster, item, said, asking) for item in found})


def usages(item: Mapping[str, Any], said: Declared) -> Usages:
    """
    Who relies on a contract, by what it says of itself and by the pods that run.

    Of a consumer the operator counts, and of which nobody knows what it uses, everything.
    """
    reference = _reference(item)
    status = _status(item)
    running = {name: uses for name, uses in said.get(reference, {}).items() if _counts(item, status, name)}
    names = {each.name for each in status.consumers if "/" in each.name} | running.keys()
    found: Usages = {name: together(running.get(name) or [None]) for name in sorted(names)}
    for external in item["spec"].get("externalConsumers") or ():
        uses = external.get("uses")
        found[external["name"]] = (
            None
            if uses is None
            else {use["operation"]: tuple(use["reads"]) if "reads" in use else None for use in uses}
        )
    return found


def _counts(item: Mapping[str, Any], status: ServiceContractStatus, consumer: str) -> bool:
    """As the operator decides it: see :mod:`concordat.gate.consent`."""
    namespace = consumer.partition("/")[0]
    given = (item["spec"].get("access") or {}).get("namespaces") or ()
    return (
        namespace == item["metadata"]["namespace"]
        or namespace in given
        or any(consent.namespace == namespace for consent in status.consents)
    )


def asked(cluster: Cluster) -> Asked:
    """Which tokens pods that run ask for, as their Deployments say; of a rollout, nobody knows what its former pods do."""
    found: Asked = {}
    place = None if cluster.may_list("apps", "deployments") else cluster.namespace
    for item in cluster.items("/apis/apps/v1", "deployments", namespace=place, labelSelector=_OURS):
        status, consumer = item.get("status") or {}, _owner(item)
        if not status.get("replicas") or not consumer:
            continue
        rolling = status.get("updatedReplicas", 0) < status["replicas"]
        text = (item["metadata"].get("annotations") or {}).get(conventions.ANNOTATION_CONSUMES, "")
        found_there = tokens_in(text)
        for reference, _ in _annotated(item):
            said = found.setdefault(reference, {}).setdefault(consumer, [])
            said += [found_there.get(reference), None] if rolling else [found_there.get(reference)]
    return found


def tokens(item: Mapping[str, Any], said: Asked) -> dict[str, tuple[Token | None, ...]]:
    """By consumer that runs, the tokens its pods ask for; ``None`` for none."""
    status = _status(item)
    asking = {name: found for name, found in said.get(_reference(item), {}).items() if _counts(item, status, name)}
    return {name: tuple(dict.fromkeys(found)) for name, found in sorted(asking.items())}


def declared(cluster: Cluster) -> Declared:
    """What pods that run use, as their Deployments say; and what the Microservices of those pods say."""
    found: Declared = {}
    everywhere = cluster.may_list("apps", "deployments")
    place = None if everywhere else cluster.namespace
    running: set[str] = set()
    for item in cluster.items("/apis/apps/v1", "deployments", namespace=place, labelSelector=_OURS):
        status = item.get("status") or {}
        consumer = _owner(item)
        if not status.get("replicas") or not consumer:
            continue
        running.add(consumer)
        rolling = status.get("updatedReplicas", 0) < status["replicas"]
        for reference, uses in _annotated(item):
            _note(found, reference, consumer, None if rolling else uses)
    for service in _services(cluster):
        seen = everywhere or service.namespace == place
        if seen and service.reference not in running:
            continue
        for use in service.spec.consumes:
            if use.contract:
                reference = use.contract if "/" in use.contract else f"{service.namespace}/{use.contract}"
                said = usage_of(use.uses) if seen else None
                _note(found, reference, service.reference, None if said is None else dict(said))
    return found


def _note(found: Declared, reference: str, consumer: str, uses: Uses) -> None:
    found.setdefault(reference, {}).setdefault(consumer, []).append(uses)


def _owner(item: Mapping[str, Any]) -> str:
    owners = item["metadata"].get("ownerReferences") or ()
    names = [owner["name"] for owner in owners if owner["kind"] == conventions.MICROSERVICE]
    return f"{item['metadata']['namespace']}/{names[0]}" if names else ""


def _services(cluster: Cluster) -> Iterator[Microservice]:
    for item in cluster.microservices(namespace=None):
        try:
            yield parse(item)
        except InvalidInput as error:
            metadata = item["metadata"]
            notes.print(styled(f"{metadata['namespace']}/{metadata['name']} is passed over: {error}", "yellow"))


def _annotated(item: Mapping[str, Any]) -> Iterable[tuple[str, Uses]]:
    text = (item["metadata"].get("annotations") or {}).get(conventions.ANNOTATION_CONSUMES, "")
    return [(name, None if uses is None else dict(uses)) for name, uses in usages_in(text).items()]


def _published(cluster: Cluster, item: Mapping[str, Any], said: Declared, asking: Asked) -> Published:
    status = _status(item)
    spec = item["spec"]
    return Published(
        type=spec["type"],
        compatibility=spec.get("compatibility", "backward"),
        state=status.state,
        sunset=status.sunset,
        successor=(spec.get("lifecycle") or {}).get("successor", ""),
        versions=tuple(_accepted(cluster, item, each) for each in status.versions if each.config_map),
        usages=usages(item, said),
        auth=None if status.auth is None or status.auth.withdrawn else status.auth,
        tokens=tokens(item, asking),
        draft=None if status.versions else _draft(cluster, item),
    )


def _draft(cluster: Cluster, item: Mapping[str, Any]) -> Accepted | None:
    """The document of a draft, which nobody keeps but its author; None while it cannot be used."""
    spec = item["spec"]
    document = spec["document"]
    if (spec.get("lifecycle") or {}).get("state") != State.DRAFT:
        return None
    text = document.get("inline")
    if text is None:
        parts = document.get("parts") or [document["configMap"]]
        names = dict.fromkeys(part["name"] for part in parts)
        maps = [cluster.get(f"/api/v1/namespaces/{item['metadata']['namespace']}/configmaps/{name}") for name in names]
        held = {each["metadata"]["name"]: each for each in maps if each}
        text = document_in(parts, held, _reference(item)) if len(held) == len(names) else ""
    answer = assess(Question(document=text, keep=True))
    return (
        None if answer.invalid else Accepted(version=spec["version"], digest=answer.digest, packed=pack(answer.normal))
    )


def _accepted(cluster: Cluster, item: Mapping[str, Any], version: AcceptedVersion) -> Accepted:
    packed = _packed(cluster, item["metadata"]["namespace"], version)
    return Accepted(version=version.version, digest=version.digest, packed=packed)


def _packed(cluster: Cluster, namespace: str, version: AcceptedVersion) -> str:
    found = cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/{version.config_map}")
    content = list(((found or {}).get("binaryData") or {}).values())
    if len(content) != 1:
        fail(
            f"accepted version {version.version} is gone: ConfigMap {namespace}/{plain(version.config_map)} does not hold it",
            code=EXIT_FAILED,
        )
    return str(content[0])


def _status(item: Mapping[str, Any]) -> ServiceContractStatus:
    return ServiceContractStatus.model_validate(item.get("status") or {})


def _reference(item: Mapping[str, Any]) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


def path(namespace: str, name: str) -> str:
    """Of one ServiceContract in the API."""
    return f"{_API}/namespaces/{namespace}/{conventions.SERVICE_CONTRACTS}/{name}"
