"""
``concordat contract push``: a document, however large, as the next version of a contract.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import rich_click as click

from concordat.api import Compatibility, State, parse_contract
from concordat.cli.cluster_access import APPLY, JSON_PATCH, Cluster, cluster_options, namespace_option
from concordat.cli.contract import registry
from concordat.cli.contract.documents import document_of, text_of
from concordat.cli.contract.publication import Manifest, manifests, owned_by, readable
from concordat.cli.contract.push_merge import NOTHING, marks, together, written
from concordat.cli.contract.push_previous import said_before
from concordat.cli.contract.push_takeover import as_it_is, moves, ours_alone
from concordat.cli.output import EXIT_FAILED, emit_json, emit_yaml, fail, notes, out, plain, styled
from concordat.errors import Rejected
from concordat.manifest import as_yaml, conventions

_MANAGER = "concordat-push"
"""Not the operator's: what is pushed belongs to people."""
_TYPES = ("openapi", "graphql", "asyncapi")


@click.command("push")
@click.argument("file")
@click.option("--name", help="Name of the contract; needed where --with does not give one.")
@namespace_option
@click.option(
    "--with",
    "with_",
    metavar="CONTRACT",
    help="File with the rest of the ServiceContract, all but its document: objectives, externalConsumers and whatever else.",
)
@click.option("--version", help="The document's version, where it does not state one itself (GraphQL).")
@click.option(
    "--compatibility", type=click.Choice([each.value for each in Compatibility]), help="Which changes are no break."
)
@click.option("--state", type=click.Choice([each.value for each in State]), help="Where in its life the contract is.")
@click.option("--sunset", metavar="DATE", help="The day from which it may be retired; with --state deprecated.")
@click.option("--successor", metavar="NAME", help="Contract of the same namespace to use instead.")
@click.option(
    "--open-to", "open_to", multiple=True, metavar="NAMESPACE", help="Who may consume it; can be given again."
)
@click.option("--take-over", is_flag=True, help="Also set fields that somebody else wrote, for example kubectl apply.")
@click.option(
    "--wait", type=click.IntRange(min=0), default=30, show_default=True, help="Seconds to wait for the verdict."
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json", "yaml"]),
    default="text",
    show_default=True,
    help="yaml writes the objects and pushes nothing.",
)
@cluster_options
def push(
    cluster: Cluster,
    file: str,
    name: str | None,
    namespace: str | None,
    with_: str | None,
    version: str | None,
    compatibility: str | None,
    state: str | None,
    sunset: str | None,
    successor: str | None,
    open_to: Sequence[str],
    take_over: bool,
    wait: int,
    output: str,
) -> None:
    """
    Publish the document in FILE (OpenAPI, AsyncAPI, GraphQL; JSON, YAML or SDL; - is standard input) as a version of a contract.

    Up to 200 KiB it stands in the ServiceContract itself, above in ConfigMaps beside it. What is given neither by an option nor in the file of
    --with stays as it is in the cluster; an empty list there takes away what is in it. An option counts more than the file.
    Waits for the operator's verdict: ends with 0 when accepted, 1 when refused or not answered, 2 when the document cannot be used.

    \b
    Examples:
      concordat contract push openapi.yaml --name payments-api -n payments
      concordat contract push schema.graphql --name catalog --version 2.1.0 --open-to shop --open-to billing
      concordat contract push openapi.json --name payments-api -n payments -o yaml > payments-api.yaml
      concordat contract push openapi.yaml --with contract.yaml
      concordat contract push v1.yaml --name payments-api --state deprecated --sunset 2027-06-30 --successor payments-api-v2
    """
    said = written(with_) if with_ else NOTHING
    name = name or said["metadata"].get("name")
    if not name:
        fail("say which contract: --name payments-api, or --with a file that names it")
    text = text_of(file)
    document = document_of(text, file)
    format_ = document.format.value
    if format_ not in _TYPES:
        fail(f"{file}: a contract is {', '.join(_TYPES)}; this is {format_}")
    if said["spec"].get("type", format_) != format_:
        fail(f"{with_}: spec.type is {said['spec']['type']}, and {file} is {format_}: leave it out")
    stated = version or said["spec"].get("version") or document.release
    if not stated:
        fail(f"{file} does not state its version: give it with --version 1.2.0")
    lifecycle = {"state": state, "sunset": sunset, "successor": successor}
    given = {
        "compatibility": compatibility,
        "lifecycle": {key: value for key, value in lifecycle.items() if value},
        "access": {"namespaces": list(open_to)} if open_to else None,
    }
    offline = output == "yaml"
    place = namespace or said["metadata"].get("namespace") or ("default" if offline else cluster.namespace)
    found = None if offline else registry.find(cluster, f"{place}/{name}")
    before = said_before(found, manager=_MANAGER)
    objects = manifests(
        text,
        type_=format_,
        name=name,
        namespace=place,
        version=stated,
        spec=together(before["spec"], said["spec"], {key: value for key, value in given.items() if value}),
    )
    objects[-1]["metadata"] |= marks(before["metadata"], said["metadata"])
    parse_contract(objects[-1])
    if offline:
        emit_yaml(readable(objects))
        return
    if found and take_over and moves(found, objects[-1]):
        _make_way(cluster, as_it_is(found, objects[-1], before))
    stored = _apply_all(cluster, objects, take_over=take_over)
    seen = _verdict(cluster, stored, seconds=wait)
    _tell(seen, stored, objects, output)


def _make_way(cluster: Cluster, as_it_is: Manifest) -> None:
    stored = _apply(cluster, as_it_is, take_over=True)
    operations = ours_alone(stored, manager=_MANAGER)
    if operations:
        path = registry.path(stored["metadata"]["namespace"], stored["metadata"]["name"])
        cluster.request("PATCH", path, body=operations, query={"fieldManager": _MANAGER}, media=JSON_PATCH)


def _apply_all(cluster: Cluster, objects: list[Manifest], *, take_over: bool) -> Manifest:
    *maps, contract = objects
    for each in maps:
        _apply(cluster, each, take_over=take_over)
    stored = _apply(cluster, contract, take_over=take_over)
    for each in owned_by(maps, stored):
        _apply(cluster, each, take_over=take_over)
    return stored


def _apply(cluster: Cluster, manifest: Manifest, *, take_over: bool) -> Manifest:
    metadata = manifest["metadata"]
    api, plural = ("/api/v1", "configmaps")
    if manifest["kind"] == conventions.SERVICE_CONTRACT:
        api, plural = f"/apis/{conventions.GROUP}/{conventions.VERSION}", conventions.SERVICE_CONTRACTS
    path = f"{api}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}"
    query = {"fieldManager": _MANAGER, "force": "true" if take_over else "false"}
    try:
        stored: Manifest = cluster.request(
            "PATCH", path, body=as_yaml(manifest), query=query, media=APPLY, refusable=True
        )
    except Rejected as error:
        hint = "; --take-over sets it all the same" if "conflict" in error.message else ""
        fail(f"{manifest['kind']} {metadata['name']} is refused: {error.message}{hint}", code=EXIT_FAILED)
    return stored


def _verdict(cluster: Cluster, stored: Manifest, *, seconds: int) -> Manifest:
    """The contract once the operator has judged it, or as it is when time is up."""
    reference = f"{stored['metadata']['namespace']}/{stored['metadata']['name']}"
    until = time.monotonic() + seconds
    with notes.status(f"waiting for the verdict on {plain(reference)}"):
        while True:
            found = registry.contract(cluster, reference)
            if _judged(found, stored["metadata"]["generation"]) or time.monotonic() >= until:
                return found
            time.sleep(0.3)


def _judged(item: Mapping[str, Any], generation: int) -> bool:
    return bool((item.get("status") or {}).get("observedGeneration", 0) >= generation)


def _tell(seen: Manifest, stored: Manifest, objects: list[Manifest], output: str) -> None:
    version = stored["spec"]["version"]
    reference = f"{stored['metadata']['namespace']}/{stored['metadata']['name']}"
    conditions = (seen.get("status") or {}).get("conditions") or ()
    ready: Mapping[str, Any] = next((each for each in conditions if each["type"] == conventions.READY), {})
    judged = _judged(seen, stored["metadata"]["generation"])
    accepted = judged and ready.get("status") == "True"
    message = ready.get("message", "") if judged else "the operator has not answered: is it running?"
    if output == "json":
        names = [each["metadata"]["name"] for each in objects[:-1]]
        emit_json(
            {
                "contract": reference,
                "version": version,
                "configMaps": names,
                "judged": judged,
                "accepted": accepted,
                "message": message,
            }
        )
    elif accepted:
        out.print(styled(f"ServiceContract {reference} {version} is accepted", "bold green"))
        if message:
            out.print(styled(message, "yellow"))
    else:
        notes.print(styled(message or f"ServiceContract {reference} {version} is not accepted", "yellow"))
    if not accepted:
        raise SystemExit(EXIT_FAILED)
