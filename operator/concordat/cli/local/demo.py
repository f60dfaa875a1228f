"""
``concordat demo``: the main job on a real Kubernetes, from nothing, in front of your eyes.

It claims only what it has just seen: every step ends in a check, and a check that fails ends the demo with 1.
"""

import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import rich_click as click

from concordat.api.schema.crd import crds
from concordat.cli.local.demo_contract import show_refused
from concordat.cli.local.demo_stage import NAMESPACE, PATIENCE, Stage, show, until
from concordat.cli.local.operator_process import operator_process
from concordat.cli.local.up import listening, progress_here
from concordat.cli.output import EXIT_FAILED, fail, notes, out, styled
from concordat.cli.service.readiness import of_contract_whole, of_service
from concordat.cli.service.status import tree
from concordat.observability.dashboards.service import service_uid
from concordat_lab.machine import paths
from concordat_lab.machine.progress import Progress
from concordat_lab.programs import binaries
from concordat_lab.programs.images import build_image
from concordat_lab.providers import selection
from concordat_lab.providers.existing import Existing
from concordat_lab.providers.forward import Forwards
from concordat_lab.providers.local import Local, Options
from concordat_lab.providers.selection import NAMES, Choice, choose

NAME = "demo"
SYSTEM = "concordat-system"
IMAGES = {
    "localhost/concordat-operator:demo": ("operator", "operator/Dockerfile"),
    "localhost/catalog:1.0.0": ("sample_services", "sample_services/catalog/Dockerfile"),
    "localhost/catalog-db:1.0.0": ("sample_services", "sample_services/postgres/Dockerfile"),
}
"""Tag -> build context and Dockerfile."""
SERVICES = ("sample_services/postgres/microservice.yaml", "sample_services/catalog/microservice.yaml")
HOST = "catalog.example.com"
PRODUCT = {"sku": "TEAPOT-1", "name": "Tea pot", "price": {"amount": 2400, "currency": "EUR"}}


@click.command("demo")
@click.option(
    "--provider", type=click.Choice(NAMES), help="Where the cluster comes from; chosen by what this machine has."
)
@click.option("--keep/--end", default=None, help="Leave the cluster up, or end it; left up in front of a terminal.")
def demo(provider: str | None, keep: bool | None) -> None:
    """
    Bring up a real Kubernetes, install Concordat, apply a service with its database, and use it.

    Without root or containerd there is the control plane alone: every object is real, no pod runs, and it says so.

    \b
    Examples:
      concordat demo
      concordat demo --end
      concordat demo --provider kind
    """
    keep = out.is_terminal if keep is None else keep
    progress = progress_here()
    choice = choose(provider)
    notes.print(f"provider {choice.provider}: {choice.why}")
    with listening(progress), ExitStack() as ending:
        stage = _stage(choice, progress, ending)
        _definitions(stage)
        if choice.node:
            _with_pods(stage, choice)
        else:
            _without_pods(stage, ending)
        _show_watched(stage)
        show_refused(stage)
        if keep and choice.node:
            ending.pop_all()
            _say_goodbye(stage)
        elif keep:
            _say_goodbye(stage)
            notes.input("Enter ends it. ")


def _stage(choice: Choice, progress: Progress, ending: ExitStack) -> Stage:
    root = paths.tools().parent
    programs = binaries.locate(["kubectl", "helm", "gateway-api.yaml", "prometheus-operator.yaml"], progress)
    whole = choice.provider == "local" and choice.node
    if choice.provider == "local":
        Local(NAME).down()
    handle = selection.up(choice, NAME, Options(metrics=whole, gateway=whole), progress)
    ending.callback(handle.down)
    stage = Stage(handle=handle, kubectl=programs["kubectl"], helm=programs["helm"], root=root, progress=progress)
    if isinstance(handle, Existing):
        _tidy(stage, ending)
    return stage


def _tidy(stage: Stage, ending: ExitStack) -> None:
    """Somebody's cluster: take nothing that is there, leave nothing behind but the definitions the chart keeps."""
    for namespace in (NAMESPACE, SYSTEM):
        if stage.run(stage.kubectl, "get", "namespace", namespace, "--ignore-not-found"):
            fail(f"the namespace {namespace} exists already in this cluster: the demo would change what is in it")
    ending.callback(stage.run, stage.kubectl, "delete", "namespace", NAMESPACE, SYSTEM, "--ignore-not-found")
    ending.callback(stage.run, stage.helm, "uninstall", "concordat", "-n", SYSTEM, "--ignore-not-found")


def _definitions(stage: Stage) -> None:
    programs = binaries.locate(["gateway-api.yaml", "prometheus-operator.yaml"])
    if isinstance(stage.handle, Existing):
        programs = {}  # somebody's cluster has its own, or none
    with stage.progress.step("definitions of Gateway API and prometheus-operator"):
        for definitions in programs.values():
            stage.run(stage.kubectl, "apply", "--server-side", "--force-conflicts", "-f", str(definitions))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    namespace["metadata"] |= {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}  # type: ignore[operator]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "catalog-db", "namespace": NAMESPACE}}
    stage.apply(namespace, secret | {"stringData": {"password": "for-the-demo-only"}})


# --- with a real node -----------------------------------------------------------------------------------------------------


def _with_pods(stage: Stage, choice: Choice) -> None:
    for tag, (context, dockerfile) in IMAGES.items():
        archive = build_image(stage.root / context, tag, dockerfile=stage.root / dockerfile, progress=stage.progress)
        with stage.progress.step(f"load {tag}"):
            stage.handle.load_image(archive)
    with stage.progress.step("helm install concordat"):
        _install_chart(stage)
    with stage.progress.step("kubectl apply: catalog and its database are ready"):
        took = _apply_services(stage, until="Ready")
    _show_tree(stage)
    show(f"ready {took:.1f} s after kubectl apply")

    _use(stage)
    _show_repair(stage, "networkpolicy/catalog", "delete")
    _show_repair(
        stage, "deployment/catalog", "set", "image", "deployment/catalog", "service=example.com/somebody-elses:1"
    )


def _use(stage: Stage) -> None:
    """Through the Service as a developer does, through the gateway as the world does, and not past the policy."""
    forwards = Forwards(str(stage.kubectl), stage.handle.kubeconfig)
    try:
        url = forwards.url(NAMESPACE, "catalog", 80)
        until("the catalog stores a product", lambda: _request(f"{url}/products", PRODUCT))
        found = until("the catalog answers", lambda: _request(f"{url}/products?limit=1"))
    finally:
        forwards.end()
    show("through its Service: GET /products?limit=1")
    out.print_json(json.dumps(found))
    if not isinstance(stage.handle, Local):
        return
    gateway = stage.handle.reach("gateway-system", "traefik")
    until("the gateway answers", lambda: _request(f"{gateway}/products?limit=1", host=HOST))
    show(f"through the gateway: curl -H 'Host: {HOST}' {gateway}/products")
    direct = stage.handle.reach(NAMESPACE, "catalog")
    if _connects(direct):
        fail(f"{direct} lets in somebody nobody declared", code=EXIT_FAILED)
    show(f"past both: {direct}/products is refused, because nobody declared that edge")


def _install_chart(stage: Stage) -> None:
    repository, tag = next(iter(IMAGES)).rsplit(":", 1)
    values = {"image": {"repository": repository, "tag": tag}}
    arguments = ("upgrade", "--install", "concordat", str(stage.root / "charts" / "concordat"), "-n", SYSTEM)
    stage.run(
        stage.helm, *arguments, "--create-namespace", "--wait", "--timeout=120s", "--values=-", stdin=json.dumps(values)
    )


def _show_repair(stage: Stage, target: str, *arguments: str) -> None:
    """Break something by hand, and time how long it stays broken."""
    before = _state(stage, target)
    command = arguments if len(arguments) > 1 else (*arguments, target)
    stage.run(stage.kubectl, "-n", NAMESPACE, *command)
    started = time.monotonic()
    until(f"{target} is as declared again", lambda: _state(stage, target) == before or None)
    show(f"kubectl {' '.join(command)}: as declared again after {time.monotonic() - started:.1f} s")


def _state(stage: Stage, target: str) -> Any:
    found = stage.run(
        stage.kubectl,
        "-n",
        NAMESPACE,
        "get",
        target,
        "--ignore-not-found",
        "-o",
        "jsonpath={.spec.podSelector}{.spec.template.spec.containers[*].image}",
    )
    return found or None


# --- with the control plane alone -----------------------------------------------------------------------------------------


def _without_pods(stage: Stage, ending: ExitStack) -> None:
    for definition in crds():
        stage.apply(definition)
        name = f"crd/{definition['metadata']['name']}"
        stage.run(stage.kubectl, "wait", "--for=condition=Established", "--timeout=30s", name)
    log = paths.clusters() / NAME / "logs" / "operator.log"
    with stage.progress.step("the operator, as a process of this machine"):
        ending.enter_context(operator_process(stage.handle.kubeconfig, log))
    with stage.progress.step("kubectl apply: every object of catalog and its database"):
        took = _apply_services(stage, until="Reconciled")
    _show_tree(stage)
    show(f"everything declared exists {took:.1f} s after kubectl apply; no pod runs here, so nothing is Available")
    _show_repair(stage, "networkpolicy/catalog", "delete")


# --- what both show -------------------------------------------------------------------------------------------------------


def _apply_services(stage: Stage, *, until: str) -> float:
    """Seconds from ``kubectl apply`` until the condition holds for all of them."""
    started = time.monotonic()
    for file in SERVICES:
        stage.run(stage.kubectl, "apply", "-n", NAMESPACE, "-f", str(stage.root / file))
    patience = f"--timeout={PATIENCE:.0f}s"
    stage.run(stage.kubectl, "wait", "-n", NAMESPACE, f"--for=condition={until}", patience, "microservices", "--all")
    return time.monotonic() - started


def _show_tree(stage: Stage) -> None:
    services = [of_service(one) for one in stage.cluster.microservices(namespace=NAMESPACE)]
    contracts = [of_contract_whole(one) for one in stage.cluster.contracts(namespace=NAMESPACE)]
    out.print(tree(services, contracts), soft_wrap=False)


def _show_watched(stage: Stage) -> None:
    """Where its alerts and its dashboard are; whether one fires, only a Prometheus that reads them knows."""
    (catalog,) = [
        found for found in stage.cluster.microservices(namespace=NAMESPACE) if found["metadata"]["name"] == "catalog"
    ]
    conditions = {condition["type"]: condition for condition in catalog["status"]["conditions"]}
    show("catalog is watched:")
    out.print(styled(f"  {conditions['Observed']['message']}"))
    uid = service_uid(NAMESPACE, "catalog")
    out.print(styled(f"  in Grafana at /d/{uid}; no alert can fire before a Prometheus reads the rules"))
    out.print(styled("  see it before: concordat dashboard show --help, concordat slo simulate --help"))


def _say_goodbye(stage: Stage) -> None:
    show("the cluster stays up:")
    out.print(styled(f"  export KUBECONFIG={stage.handle.kubeconfig}"))
    out.print(styled(f"  concordat status -n {NAMESPACE}          kubectl get microservices -n {NAMESPACE}"))
    out.print(styled(f"end it:  concordat down --name {NAME}"))


def _request(url: str, body: Any = None, *, host: str = "") -> Any:
    """What is answered; ``None`` while nobody does. An answer that says "it is there already" counts as one."""
    headers = {"Content-Type": "application/json"} | ({"Host": host} if host else {})
    data = json.dumps(body).encode() if body else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=5) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        return {} if error.code == 409 else None
    except (OSError, http.client.HTTPException):
        return None


def _connects(url: str) -> bool:
    """Whether a connection can be opened at all: an answer that complains is an answer."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=3).close()
    except OSError:
        return False
    return True


COMMANDS = [demo]
