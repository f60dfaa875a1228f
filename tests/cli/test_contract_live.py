"""
``concordat contract`` against a real API server, with the operator as the judge.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from concordat_lab.control_plane.controlplane import ControlPlane
from concordat_lab.testing import control_plane as started
from tests.cli.test_contract_check import ADDED, DROPPED, OLD, _large
from tests.conftest import kubectl

pytestmark = pytest.mark.usefixtures("operator")

CONSUMER = """
apiVersion: concordat.dev/v1alpha1
kind: Microservice
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  team: shop
  tier: besteffort
  image: example.com/{name}:1.0.0
  ports: {{http: {{port: 8080}}}}
  consumes:
    - contract: {namespace}/payments-api
      uses: [{{operation: createPayment, reads: [{reads}]}}]
"""
PROVIDER = """
apiVersion: concordat.dev/v1alpha1
kind: Microservice
metadata: {{name: payments, namespace: {namespace}}}
spec:
  team: payments
  tier: besteffort
  image: example.com/payments:1.0.0
  ports: {{http: {{port: 8080}}}}
  provides: [payments-api]
"""


def _concordat(cluster: ControlPlane, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return _program(cluster, "contract", *arguments, stdin=stdin)


def _program(cluster: ControlPlane, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "concordat"
    return subprocess.run(
        [program, *arguments],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "COLUMNS": "200", "NO_COLOR": "1"},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def _json(cluster: ControlPlane, *arguments: str, stdin: str = "", code: int = 0) -> Any:
    done = _concordat(cluster, *arguments, "-o", "json", stdin=stdin)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def _push(cluster: ControlPlane, namespace: str, document: str, version: str, *, code: int = 0) -> Any:
    text = document.replace("version: 1.4.0", f"version: {version}")
    return _json(cluster, "push", "-", "--name", "payments-api", "-n", namespace, stdin=text, code=code)


@pytest.fixture
def running(control_plane: ControlPlane, namespace: str) -> str:
    """1.4.0 in force; a provider; ``orders`` reads the state, ``web`` does not."""
    assert _push(control_plane, namespace, OLD, "1.4.0")["accepted"]
    kubectl(control_plane, "apply", "-f", "-", stdin=PROVIDER.format(namespace=namespace))
    for name, reads in {"orders": "id, state", "web": "id"}.items():
        text = CONSUMER.format(namespace=namespace, name=name, reads=reads)
        kubectl(control_plane, "apply", "-f", "-", stdin=text)
    for name in ("payments", "orders", "web"):
        kubectl(
            control_plane, "wait", "-n", namespace, "--for=condition=Ready", "--timeout=180s", f"microservice/{name}"
        )
    wanted = "--for=jsonpath={.status.consumerCount}=2"
    kubectl(control_plane, "wait", "-n", namespace, wanted, "--timeout=120s", "servicecontract/payments-api")
    return namespace


def test_what_is_checked_is_what_the_operator_then_says(control_plane: ControlPlane, running: str) -> None:
    """Same refusal, same matrix, beforehand and afterwards; with an export as with the cluster."""
    reference = f"{running}/payments-api"
    new = DROPPED.replace("version: 1.4.0", "version: 1.5.0")
    exported = _concordat(control_plane, "export", "-n", running)
    assert exported.returncode == 0, exported.stderr
    file = control_plane.kubeconfig.parent / f"{running}.json"
    file.write_text(exported.stdout)

    foreseen = _json(control_plane, "check", "--contract", reference, "-", stdin=new, code=1)["contracts"][0]
    offline = _json(control_plane, "check", "--against", str(file), "--contract", reference, "-", stdin=new, code=1)[
        "contracts"
    ][0]
    said = _push(control_plane, running, DROPPED, "1.5.0", code=1)

    assert foreseen == offline
    assert said["message"] == foreseen["message"]
    assert {each["name"]: each["verdict"] for each in foreseen["consumers"]} == {
        f"{running}/orders": "breaking",
        f"{running}/web": "compatible",
    }
    listed = _json(control_plane, "list", "-n", running, code=1)["contracts"]
    assert [(each["version"], each["written"], each["ready"]) for each in listed] == [("1.4.0", "1.5.0", "False")]


def test_a_demand_of_tokens_is_told_alike_before_and_after(
    control_plane: ControlPlane, running: str, tmp_path: Path
) -> None:
    """``check`` says what the operator says; once everybody asks for tokens it is in force, and everybody is shown with theirs."""
    reference = f"{running}/payments-api"
    rest = tmp_path / "contract.yaml"
    auth = {"issuer": "https://id.example.com", "scopes": {"createPayment": ["payments:write"]}}
    metadata = {"name": "payments-api", "namespace": running}
    manifest = {"apiVersion": "concordat.dev/v1alpha1", "kind": "ServiceContract", "metadata": metadata}
    rest.write_text(yaml.safe_dump(manifest | {"spec": {"auth": auth}}))
    written = tmp_path / "whole.yaml"
    written.write_text(_concordat(control_plane, "push", "-", "--with", str(rest), "-o", "yaml", stdin=OLD).stdout)

    foreseen = _json(control_plane, "check", str(written), code=1)["contracts"][0]
    said = _json(control_plane, "push", "-", "--with", str(rest), stdin=OLD, code=1)
    assert said["message"] == foreseen["message"]
    assert f"would shut out {running}/orders, {running}/web, running now" in said["message"]

    for name, reads in {"orders": "id, state", "web": "id"}.items():
        text = (
            CONSUMER.format(namespace=running, name=name, reads=reads).rstrip() + "\n      scopes: [payments:write]\n"
        )
        kubectl(control_plane, "apply", "-f", "-", stdin=text)
    demanded = "--for=jsonpath={.status.auth.issuer}=https://id.example.com"
    kubectl(control_plane, "wait", "-n", running, demanded, "--timeout=120s", "servicecontract/payments-api")
    rows = _json(control_plane, "consumers", reference)["consumers"]
    assert {row["name"]: row["tokens"] for row in rows} == dict.fromkeys(
        (f"{running}/orders", f"{running}/web"), "payments:write"
    )
    shown = _concordat(control_plane, "show", reference).stdout
    assert f"of https://id.example.com for {reference}; createPayment wants payments:write" in shown
    assert _json(control_plane, "check", str(written))["contracts"][0]["accepted"]


def test_status_graph_and_show_tell_the_same(control_plane: ControlPlane, running: str) -> None:
    """Who relies on a contract, what is in force of it and what was refused, whichever command is asked."""
    reference = f"{running}/payments-api"
    well = _program(control_plane, "status", "-n", running, "payments-api", "-o", "json")
    said = _push(control_plane, running, DROPPED, "1.5.0", code=1)["message"]
    drawn = _program(control_plane, "status", "-n", running)
    told = _program(control_plane, "status", "-n", running, "-o", "json")
    graph = json.loads(_program(control_plane, "graph", "-n", running, "-o", "json").stdout)
    shown = _json(control_plane, "show", reference)
    (listed,) = _json(control_plane, "list", "-n", running, code=1)["contracts"]

    before = json.loads(well.stdout)
    assert (before["services"], [each["ready"] for each in before["contracts"]]) == ([], ["True"])
    (contract,) = json.loads(told.stdout)["contracts"]
    assert (contract["version"], contract["written"], contract["state"]) == ("1.4.0", "1.5.0", "active")
    assert (contract["ready"], contract["message"]) == ("False", said)
    assert contract["conditions"]["ConsumersSafe"]["reason"] == "ConsumersBreak"
    assert contract["verdicts"] == {f"{running}/orders": "breaking", f"{running}/web": "compatible"}
    drawn_from = {edge["consumer"] for edge in graph["edges"] if edge["contract"] == reference}
    assert contract["verdicts"].keys() == drawn_from == shown["usages"].keys()
    assert listed.items() <= contract.items()
    assert listed.items() <= shown.items()
    assert drawn.returncode == told.returncode == 1
    lines = [line.strip(" │├└─") for line in drawn.stdout.splitlines()]
    assert lines[0] == "3 services, 1 contract"
    assert "● payments-api  openapi 1.4.0, 1.5.0 written  active  2 consumers" in lines
    assert {f"● {running}/orders  breaking", f"● {running}/web  compatible"} <= set(lines)
    assert said.splitlines()[1].strip() in lines


def test_accepted_versions_are_compared_and_shown(control_plane: ControlPlane, running: str) -> None:
    """By reference instead of by file; the one in force where none is named."""
    reference = f"{running}/payments-api"
    assert _push(control_plane, running, ADDED, "1.5.0")["accepted"]

    assert _json(control_plane, "diff", f"{reference}@1.4.0", reference)["verdict"] == "compatible"
    assert _json(control_plane, "diff", reference, f"{reference}@1.4.0", code=1)["verdict"] == "breaking"
    assert _json(control_plane, "diff", reference, "-f", "-", stdin=DROPPED, code=1)["verdict"] == "breaking"
    shown = _json(control_plane, "show", reference)
    assert shown["versions"] == ["1.4.0", "1.5.0"]
    assert shown["document"]["operations"] == [{"operation": "POST /payments", "id": "createPayment"}]
    users = _json(control_plane, "consumers", reference)["consumers"]
    assert {each["name"]: (each["verdict"], each["uses"]) for each in users} == {
        f"{running}/orders": ("compatible", {"createPayment": ["id", "state"]}),
        f"{running}/web": ("compatible", {"createPayment": ["id"]}),
    }
    gone = _concordat(control_plane, "diff", f"{reference}@1.0.0", reference)
    assert gone.returncode == 1
    assert "accepted are: 1.4.0, 1.5.0" in gone.stderr


def test_a_large_document_is_accepted_from_its_parts(control_plane: ControlPlane, namespace: str) -> None:
    """The ConfigMaps go with their contract, and never change."""
    arguments = ("push", "-", "--name", "large", "-n", namespace)
    said = _json(control_plane, *arguments, stdin=_large("1.0.0", 3000))
    assert said["accepted"]
    assert len(said["configMaps"]) == 2
    kept = json.loads(kubectl(control_plane, "get", "configmap", "-n", namespace, said["configMaps"][1], "-o", "json"))
    assert kept["immutable"]
    assert [(each["kind"], each["name"]) for each in kept["metadata"]["ownerReferences"]] == [
        ("ServiceContract", "large")
    ]

    again = _json(control_plane, *arguments, stdin=_large("1.0.0", 3000))
    assert again["configMaps"] == said["configMaps"]
    assert again["accepted"]


def test_what_is_not_given_stays(control_plane: ControlPlane, namespace: str) -> None:
    """Consent, compatibility and life outlive the next version; a sunset ends where it is taken back."""
    arguments = ("push", "-", "--name", "payments-api", "-n", namespace)
    new = ADDED.replace("version: 1.4.0", "version: 1.5.0")

    def spec() -> Any:
        found = kubectl(control_plane, "get", "servicecontract", "-n", namespace, "payments-api", "-o", "json")
        return json.loads(found)["spec"]

    _json(control_plane, *arguments, "--open-to", "shop", "--compatibility", "backward-transitive", stdin=OLD)
    _json(control_plane, *arguments, "--state", "deprecated", "--sunset", "2031-06-30", stdin=OLD)
    _json(control_plane, *arguments, stdin=new)
    assert spec()["access"] == {"namespaces": ["shop"]}
    assert (spec()["version"], spec()["compatibility"]) == ("1.5.0", "backward-transitive")
    assert spec()["lifecycle"] == {"state": "deprecated", "sunset": "2031-06-30"}
    _json(control_plane, *arguments, "--state", "active", stdin=new)
    assert spec()["lifecycle"] == {"state": "active"}


REST = """
apiVersion: concordat.dev/v1alpha1
kind: ServiceContract
metadata: {name: payments-api, labels: {domain: money}}
spec:
  compatibility: full
  access: {namespaces: [shop, billing]}
  lifecycle: {state: deprecated, sunset: 2031-06-30, successor: payments-api-v2}
  objectives:
    - {name: latency, target: 99, below: 211ms}
    - {name: availability, target: 99.9}
  externalConsumers:
    - {name: partner-x, uses: [{operation: createPayment, reads: [id]}]}
    - {name: partner-y, uses: [{operation: createPayment}]}
"""


def test_all_of_a_contract_is_pushed_from_a_file_and_stays(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """What a version needs beside its document is written once; later pushes change what they say, and nothing else."""
    arguments = ("push", "-", "-n", namespace)
    rest = tmp_path / "contract.yaml"
    rest.write_text(REST)

    def stored() -> Any:
        found = kubectl(control_plane, "get", "servicecontract", "-n", namespace, "payments-api", "-o", "json")
        return json.loads(found)

    def spec() -> Any:
        return {name: value for name, value in stored()["spec"].items() if name not in ("document", "version", "type")}

    wanted = yaml.safe_load(REST)["spec"]
    wanted["lifecycle"]["sunset"] = "2031-06-30"
    assert _json(control_plane, *arguments, "--with", str(rest), stdin=OLD)["accepted"]
    assert spec() == wanted

    theirs = {"spec": {"externalConsumers": [{"name": "partner-z"}]}, "kind": "ServiceContract"}
    theirs |= {"apiVersion": "concordat.dev/v1alpha1", "metadata": {"name": "payments-api", "namespace": namespace}}
    kubectl(control_plane, "apply", "--server-side", "--field-manager=sales", "-f", "-", stdin=json.dumps(theirs))
    new = ADDED.replace("version: 1.4.0", "version: 1.5.0")
    bare = (*arguments, "--name", "payments-api")
    assert not _json(control_plane, *bare, "--wait", "9", stdin=new, code=1)["accepted"]
    wanted["externalConsumers"] += [{"name": "partner-z"}]
    assert spec() == wanted
    assert stored()["metadata"]["labels"] == {"domain": "money"}

    assert _json(control_plane, *bare, "--compatibility", "backward", "--open-to", "shop", stdin=new)["accepted"]
    wanted |= {"compatibility": "backward", "access": {"namespaces": ["shop"]}}
    assert spec() == wanted

    rest.write_text(yaml.safe_dump(yaml.safe_load(REST) | {"spec": {"objectives": [], "lifecycle": {}}}))
    assert _json(control_plane, *arguments, "--with", str(rest), stdin=new)["accepted"]
    del wanted["lifecycle"], wanted["objectives"]
    assert spec() == wanted


def test_a_draft_is_checked_against_itself(control_plane: ControlPlane, namespace: str) -> None:
    """Nobody keeps it but its author; inline or in ConfigMaps it is what the next one is compared with."""
    for name, old in {"small": OLD, "large": _large("1.4.0", 1000)}.items():
        _json(control_plane, "push", "-", "--name", name, "-n", namespace, "--state", "draft", stdin=old)
        new = DROPPED if name == "small" else _large("1.4.0", 999)
        answer = _json(control_plane, "check", "--contract", f"{namespace}/{name}", "-", stdin=new)["contracts"][0]
        assert (answer["draft"], [each["reason"] for each in answer["objections"]]) == (True, ["BreakingChange"])


def test_what_somebody_else_wrote_is_not_overwritten_unasked(control_plane: ControlPlane, namespace: str) -> None:
    """Server-side apply tells whose it is; --take-over is the way."""
    arguments = ("push", "-", "--name", "payments-api", "-n", namespace)
    written = _concordat(control_plane, *arguments, "-o", "yaml", stdin=OLD)
    kubectl(control_plane, "apply", "--server-side", "-f", "-", stdin=written.stdout)
    new = ADDED.replace("version: 1.4.0", "version: 1.5.0")

    refused = _concordat(control_plane, *arguments, stdin=new)
    assert refused.returncode == 1
    assert "--take-over" in refused.stderr
    taken = _json(control_plane, *arguments, "--take-over", stdin=new)
    assert taken["accepted"]


def test_a_document_of_somebody_else_is_taken_over_wherever_it_was(control_plane: ControlPlane, namespace: str) -> None:
    """Out of the resource into ConfigMaps, although the old one is another manager's field; from then on it is ours."""
    arguments = ("push", "-", "--name", "large", "-n", namespace)
    small, large = _large("1.0.0", 11), _large("1.1.0", 1000)
    written = _concordat(control_plane, *arguments, "-o", "yaml", stdin=small)
    kubectl(control_plane, "apply", "-f", "-", stdin=written.stdout)
    kubectl(control_plane, "wait", "-n", namespace, "--for=condition=Ready", "--timeout=120s", "servicecontract/large")

    refused = _concordat(control_plane, *arguments, stdin=large)
    assert refused.returncode == 1
    assert "--take-over" in refused.stderr
    taken = _json(control_plane, *arguments, "--take-over", stdin=large)
    assert taken["accepted"], taken

    def stands() -> set[str]:
        found = kubectl(control_plane, "get", "servicecontract", "-n", namespace, "large", "-o", "json")
        return set(json.loads(found)["spec"]["document"])

    assert stands() == {"configMap"}
    assert _json(control_plane, *arguments, stdin=_large("1.2.0", 1000))["accepted"]
    assert not _json(control_plane, *arguments, stdin=_large("1.3.0", 11), code=1)["accepted"]
    assert stands() == {"inline"}


def test_a_contract_that_is_not_there_is_said_to_be_so(control_plane: ControlPlane, namespace: str) -> None:
    """With where to look."""
    done = _concordat(control_plane, "show", f"{namespace}/nothing")

    assert done.returncode == 1
    assert "concordat contract list -A" in done.stderr
    assert _json(control_plane, "list", "-n", namespace) == {"contracts": []}


def test_a_cluster_that_does_not_know_us_is_told_how_to(tmp_path: Path) -> None:
    """Whichever command meets it: that is no contract that is missing, and no refusal."""
    (tmp_path / "openapi.yaml").write_text(OLD)
    push = ("contract", "push", str(tmp_path / "openapi.yaml"), "--name", "payments-api")
    commands = (push, ("contract", "list"), ("contract", "show", "a/b"), ("status",), ("graph", "-A"))
    with started() as empty:
        answers = [_program(empty, *command) for command in commands]

    for command, done in zip(commands, answers, strict=True):
        assert done.returncode == 1, command
        assert "concordat crds | kubectl apply --server-side -f -" in done.stderr, command
