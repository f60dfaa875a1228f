"""
Everything at once: a real API server with the operator on it, the catalog in two releases and its consumer, users, and
who watches them.
"""

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from concordat_lab.testing import control_plane
from tests.live import cluster, compressed, history, load
from tests.live.receiver import Receiver, receiver
from tests.live.servers import alertmanager, prometheus
from tests.live.watched import Watched
from tests.samples.postgres import postgres
from tests.samples.process import ROOT, Process, free_port, running

NAMESPACE = "shop"
GRAFANA = "https://grafana.example.com"
SCRAPE_INTERVAL = 30
"""Seconds of the model; half a second of the clock."""
ERRORS = "0.05"
"""Share of the bad release's requests that fail."""
OBJECTIVES = [
    {"name": "availability", "target": 99.9},
    # 200 ms is what the tier promises; on a machine that runs other tests beside it would measure those.
    {"name": "latency", "target": 99, "below": "2500ms"},
]
PROMISED = [{"name": "lookup", "target": 99, "below": "2500ms", "operation": "GET /products/{sku}"}]
"""By the contract: of one operation, and nothing the bad release breaks, so that it wakes nobody a second time."""


@dataclass(kw_only=True)
class World(Watched):
    """What a test needs of it."""

    receiver: Receiver
    manifests: Path
    """The Microservices and the ServiceContract, as a person would write them."""
    good: Process
    bad: Process
    began: float
    """When Prometheus began to look, seconds since 1970."""
    address: Path
    """File with the address of the release that serves."""

    def roll_out(self, release: Process) -> float:
        """From now on requests go there; returns when."""
        written = self.address.with_suffix(".new")
        written.write_text(release.url)
        written.rename(self.address)
        return time.time()

    def exemplars(self, selector: str) -> list[dict[str, Any]]:
        """Those of the last minute."""
        now = self.now()
        asked = {"query": selector, "start": now - 60, "end": now}
        answer = httpx.get(f"{self.prometheus}/api/v1/query_exemplars", params=asked, timeout=30)
        return [exemplar for series in answer.json()["data"] for exemplar in series["exemplars"]]

    def wait_until_watched(self, seconds: float) -> None:
        """So long since Prometheus began."""
        time.sleep(max(0.0, self.began + seconds - time.time()))


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Up in about half a minute."""
    with ExitStack() as stack:
        manifests = _manifests(folder)
        kubectl, operator = _operator(stack, folder, manifests)
        with ahead_of_others():
            found = _watched(stack, folder, manifests, kubectl, operator)
        yield found


def _watched(stack: ExitStack, folder: Path, manifests: Path, kubectl: Callable[..., str], operator: str) -> World:
    """The samples under load, and everything that watches them."""
    enter = stack.enter_context
    database = enter(postgres())
    database.create_database("catalog")
    environment = {"SLO_BUCKETS": "0.2", **database.environment("catalog")}
    good, bad = (
        enter(running("catalog", folder=_made(folder / name), **environment, **more))
        for name, more in (("good", {}), ("bad", {"FAULT_ERRORS": ERRORS}))
    )
    address = folder / "catalog.address"
    address.write_text(good.url)
    shop = enter(running("tests.live.storefront", folder=_made(folder / "shop"), CATALOG_ADDRESS=str(address)))
    _wait_for_tables(good)
    processes = {"catalog": [good.popen.pid, bad.popen.pid], "storefront": [shop.popen.pid]}
    cluster_port = enter(cluster.exporter(kubectl, processes))
    enter(load.load(catalog=address.read_text, storefront=shop.url))
    enter(_edits(kubectl))
    sink = enter(receiver())
    routes = yaml.safe_load(concordat("alertmanager", str(manifests), f"--url={sink.url}/{{team}}/{{severity}}"))
    notified = enter(alertmanager(compressed.routes(routes), folder))
    groups = _rules(manifests)
    history.write(groups, folder, step=SCRAPE_INTERVAL / compressed.FACTOR)
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    targets = [
        _scraped("catalog", NAMESPACE, good.url, bad.url),
        _scraped("storefront", NAMESPACE, shop.url),
        _scraped("concordat", "concordat", operator),
        {**_scraped("kubernetes", "monitoring", f"http://127.0.0.1:{cluster_port}"), **_CLUSTER},
    ]
    asked = enter(prometheus(_configuration(targets, notified), folder))
    return World(
        prometheus=asked,
        receiver=sink,
        manifests=manifests,
        good=good,
        bad=bad,
        began=time.time(),
        address=address,
    )


@contextmanager
def ahead_of_others() -> Iterator[None]:
    """
    What starts here is served first, where root may say so: an overloaded machine makes requests fail, and then a page
    is right and the test wrong.
    """
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, min(before, -5))
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


_CLUSTER = {"honor_labels": True, "scrape_interval": "2s", "scrape_timeout": "2s"}
"""A LIST of everything is dear, and nothing in it changes twice a second."""


def _configuration(targets: Sequence[dict[str, Any]], notified: str) -> dict[str, Any]:
    step = compressed.duration(f"{SCRAPE_INTERVAL}s")
    return {
        "global": {"scrape_interval": step, "scrape_timeout": step, "evaluation_interval": step},
        "rule_files": ["rules.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [notified.removeprefix("http://")]}]}]},
        "scrape_configs": list(targets),
    }


def _scraped(job: str, namespace: str, *urls: str) -> dict[str, Any]:
    """With the labels a ServiceMonitor gives."""
    addresses = [url.removeprefix("http://") for url in urls]
    return {"job_name": job, "static_configs": [{"targets": addresses, "labels": {"namespace": namespace}}]}


def _manifests(folder: Path) -> Path:
    """The sample's own with its contract, in a namespace and with objectives, and its consumer's."""
    contract = yaml.safe_load((ROOT / "sample_services/catalog/contract.yaml").read_text())
    contract["spec"]["objectives"] = PROMISED
    catalog = yaml.safe_load((ROOT / "sample_services/catalog/microservice.yaml").read_text())
    catalog["spec"]["objectives"] = OBJECTIVES
    database = yaml.safe_load((ROOT / "sample_services/postgres/microservice.yaml").read_text())
    storefront = yaml.safe_load((ROOT / "tests/live/storefront.yaml").read_text())
    every = (contract, database, catalog, storefront)
    for manifest in every:
        manifest["metadata"]["namespace"] = NAMESPACE
    path = folder / "microservices.yaml"
    path.write_text(yaml.safe_dump_all(every))
    return path


def _rules(manifests: Path) -> list[dict[str, Any]]:
    """What the command line prints for these files, compressed."""
    printed = concordat("slo", "rules", str(manifests), f"--grafana={GRAFANA}")
    groups = yaml.safe_load(printed)["groups"]
    return compressed.rules(groups, scrape_interval=SCRAPE_INTERVAL)


def concordat(*arguments: str) -> str:
    """What the command line prints."""
    command = [Path(sys.executable).with_name("concordat"), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def _operator(stack: ExitStack, folder: Path, manifests: Path) -> tuple[Callable[..., str], str]:
    """A control plane with a simulated node, the operator on it, the Microservices applied; kubectl and its metrics."""
    plane = stack.enter_context(control_plane(simulated_nodes=1))
    kubectl = cluster.asker(plane.binaries["kubectl"], plane.kubeconfig)
    kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
    kubectl("wait", "--for=condition=Established", "--timeout=120s", "-f", str(ROOT / "crds"))
    for namespace in (NAMESPACE, "concordat"):
        kubectl("create", "namespace", namespace)
    port = free_port()
    environment = {
        **os.environ,
        "KUBECONFIG": str(plane.kubeconfig),
        "CONCORDAT_HTTP_PORT": str(port),
        "CONCORDAT_LOG_LEVEL": "warning",
        "CONCORDAT_LEASE_NAME": "concordat",
        "CONCORDAT_LEASE_NAMESPACE": "concordat",
    }
    with (folder / "operator.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "concordat"], env=environment, cwd=ROOT, stderr=log)
    stack.callback(_end, process)
    kubectl("apply", "--server-side", "-f", str(manifests))
    kubectl("-n", NAMESPACE, "wait", "--for=condition=Available", "--timeout=180s", "microservice/storefront")
    return kubectl, f"http://127.0.0.1:{port}"


@contextmanager
def _edits(kubectl: Callable[..., str]) -> Iterator[None]:
    """Somebody who changes a Microservice every second or two: an operator at rest has nothing to show."""
    stop = threading.Event()

    def edit() -> None:
        for most in itertools.cycle((11, 13)):
            if stop.wait(1.5):
                return
            patch = json.dumps({"spec": {"scaling": {"min": 2, "max": most}}})
            kubectl("-n", NAMESPACE, "patch", "microservice/storefront", "--type=merge", f"--patch={patch}")

    thread = threading.Thread(target=edit)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(30)


def _wait_for_tables(catalog: Process) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        body = load.product(load.KNOWN)
        if httpx.post(f"{catalog.url}/products", json=body, timeout=5).status_code in (201, 409):
            return
        time.sleep(0.1)
    raise AssertionError(catalog.log.read_text())


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
