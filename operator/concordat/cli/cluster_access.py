"""
Reading a cluster with the official client: whatever way of logging in a person's kubeconfig names works here too.
"""

import functools
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from concordat.cli.output import EXIT_FAILED, fail, notes, styled
from concordat.errors import Rejected
from concordat.manifest import as_yaml, conventions

_OPERATOR = "app.kubernetes.io/name=concordat-operator"
"""Label of the operator's own Deployment, as the chart writes it."""
APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"

Command = TypeVar("Command", bound=Callable[..., Any])


def cluster_options(command: Command) -> Command:
    """``--context`` and ``--kubeconfig``; the command receives ``cluster``, a :class:`Cluster`."""

    @click.option("--context", help="Context of the kubeconfig.")
    @click.option("--kubeconfig", type=click.Path(dir_okay=False), help="Kubeconfig to use instead of $KUBECONFIG.")
    @functools.wraps(command)
    def wrapped(*args: Any, context: str | None, kubeconfig: str | None, **kwargs: Any) -> Any:
        return command(*args, cluster=Cluster(context=context, kubeconfig=kubeconfig), **kwargs)

    return wrapped  # type: ignore[return-value]


namespace_option = click.option("-n", "--namespace", help="One namespace; the context's own if left out.")
all_namespaces_option = click.option("-A", "--all-namespaces", is_flag=True, help="Every namespace.")


class Forbidden(Exception):
    """This person may not do what the operator may: nothing can be foretold."""


class Cluster:
    """A cluster, connected to at the first request."""

    def __init__(self, *, context: str | None = None, kubeconfig: str | None = None) -> None:
        self._context = context
        self._kubeconfig = kubeconfig or _only_local_one()

    @functools.cached_property
    def _client(self) -> Any:
        from kubernetes import client, config  # a second of imports that `--help` and `render` do not pay

        try:
            config.load_kube_config(  # type: ignore[no-untyped-call]
                config_file=self._kubeconfig, context=self._context
            )
        except config.ConfigException as error:
            fail(f"no cluster: {error} Start one with `concordat up`, or name one with --kubeconfig.", code=EXIT_FAILED)
        return client.ApiClient()

    @functools.cached_property
    def namespace(self) -> str:
        """The namespace of the context."""
        from kubernetes import config

        try:
            contexts, active = config.list_kube_config_contexts(  # type: ignore[no-untyped-call]
                config_file=self._kubeconfig
            )
        except config.ConfigException:
            return "default"
        chosen = next((item for item in contexts if item["name"] == self._context), active)
        return chosen["context"].get("namespace") or "default"

    def get(self, path: str, *, missing: Any = None, **query: str) -> Any:
        """GET ``path``; ``missing`` for 404. Anything else that goes wrong ends the command with what to do."""
        return self.request("GET", path, missing=missing, query=query)

    def dry_run(self, method: str, path: str, body: Any, media: str = "application/json") -> dict[str, Any]:
        """The object as the operator's write would leave it; nothing is stored. Raises :exc:`Rejected`, :exc:`Forbidden`."""
        query = {"fieldManager": conventions.FIELD_MANAGER, "dryRun": "All"}
        if media == APPLY:
            body, query["force"] = as_yaml(body), "true"
        found: dict[str, Any] = self.request(method, path, body=body, query=query, refusable=True, media=media)
        return found

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        missing: Any = None,
        query: Mapping[str, str] | None = None,
        media: str = "application/json",
        refusable: bool = False,
    ) -> Any:
        """
        One request, its answer parsed.

        A refusal ends the command with what to do; where it is part of the answer (``refusable``), it is raised as
        :exc:`Rejected`.
        """
        import urllib3

        serialized = self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": media},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response = self._client.call_api(*serialized)
            answer = _parsed(response.read())
        except urllib3.exceptions.HTTPError as error:
            host = self._client.configuration.host
            fail(f"the cluster at {host} does not answer ({type(error).__name__}); is it running?", code=EXIT_FAILED)
        if response.status == 404 and method == "GET":
            return missing
        if response.status == 403 and refusable and "is forbidden: User" in answer["message"]:
            raise Forbidden(answer["message"])
        if response.status >= 400 and refusable:
            raise Rejected(conventions.REASON_REJECTED, answer["message"])
        if response.status >= 400:
            fail(f"the cluster answers {response.status} to {method} {path}: {answer['message']}", code=EXIT_FAILED)
        return answer

    def items(self, path: str, plural: str, *, namespace: str | None, **query: str) -> list[dict[str, Any]]:
        """A list over one namespace, or over all of them; in pages, empty where the API is not installed."""
        where = f"{path}/namespaces/{namespace}/{plural}" if namespace else f"{path}/{plural}"
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            page = self.get(
                where, missing={"items": []}, limit="500", **({"continue": token} if token else {}), **query
            )
            found += page["items"]
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return found

    def microservices(self, *, namespace: str | None) -> list[dict[str, Any]]:
        """The Microservices, as Kubernetes objects; a cluster without the CRD is told how to get it."""
        path = f"/apis/{conventions.GROUP}/{conventions.VERSION}"
        self.must_serve(conventions.MICROSERVICES, conventions.MICROSERVICE)
        if namespace is None and not self.may_list(conventions.GROUP, conventions.MICROSERVICES):
            namespace = self.namespace
            notes.print(styled(f"you may not list other namespaces: only {namespace} is known here", "yellow"))
        kind = {"apiVersion": conventions.API_VERSION, "kind": conventions.MICROSERVICE}
        return [kind | item for item in self.items(path, conventions.MICROSERVICES, namespace=namespace)]

    def contracts(self, *, namespace: str | None) -> list[dict[str, Any]]:
        """The ServiceContracts, as Kubernetes objects; none where the cluster does not know them."""
        path = f"/apis/{conventions.GROUP}/{conventions.VERSION}"
        if conventions.SERVICE_CONTRACTS not in self._served:
            return []
        if namespace is None and not self.may_list(conventions.GROUP, conventions.SERVICE_CONTRACTS):
            namespace = self.namespace
        kind = {"apiVersion": conventions.API_VERSION, "kind": conventions.SERVICE_CONTRACT}
        return [kind | item for item in self.items(path, conventions.SERVICE_CONTRACTS, namespace=namespace)]

    def must_serve(self, plural: str, kind: str) -> None:
        """End the command where the cluster does not know a kind of ours, with how it comes to."""
        if plural not in self._served:
            fail(
                f"this cluster does not know {kind}s: install the chart, or"
                " `concordat crds | kubectl apply --server-side -f -`",
                code=EXIT_FAILED,
            )

    @functools.cached_property
    def _served(self) -> frozenset[str]:
        path = f"/apis/{conventions.GROUP}/{conventions.VERSION}"
        return frozenset(resource["name"] for resource in (self.get(path) or {}).get("resources", ()))

    def operator_settings(self) -> dict[str, str]:
        """``CONCORDAT_*`` of the operator that runs in this cluster; empty when none is found, or may be looked for."""
        if not self.may_list("apps", "deployments"):
            return {}
        found = self.items("/apis/apps/v1", "deployments", namespace=None, labelSelector=_OPERATOR)
        containers = [one for item in found for one in item["spec"]["template"]["spec"]["containers"]]
        return {
            variable["name"]: variable["value"]
            for container in containers[:1]
            for variable in container.get("env") or []
            if variable["name"].startswith("CONCORDAT_") and "value" in variable
        }

    def may_list(self, group: str, resource: str) -> bool:
        """Whether this person may list a resource in every namespace."""
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"group": group, "resource": resource, "verb": "list"}},
        }
        answer = self.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=review)
        return bool(answer["status"]["allowed"])


def _only_local_one() -> str | None:
    """The local cluster, where it is the only one that runs and no kubeconfig says otherwise."""
    if "KUBECONFIG" in os.environ or Path("~/.kube/config").expanduser().exists():
        return None
    try:
        from concordat_lab.running import kubeconfigs
    except ImportError:  # installed without the local cluster
        return None
    running = list(kubeconfigs())
    return str(running[0]) if len(running) == 1 else None


def _parsed(answer: bytes) -> Any:
    """What the API server says; some of its own errors are plain text."""
    try:
        return json.loads(answer)
    except json.JSONDecodeError:
        return {"message": answer.decode(errors="replace")}
