"""
``concordat contract check`` and ``push -o yaml``, without a cluster: the operator's decision, made beforehand.
"""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from concordat.cli.main import main
from concordat.gate import Question
from concordat.gate.assessment import assess
from concordat.gate.register import Accepted, Published, Register, pack
from tests.conftest import ROOT

OLD = """\
openapi: 3.0.3
info: {title: Payments, version: 1.4.0}
paths:
  /payments:
    post:
      operationId: createPayment
      responses:
        "201":
          description: created
          content:
            application/json:
              schema:
                type: object
                required: [id, state]
                properties: {id: {type: string}, state: {type: string}}
"""
DROPPED = OLD.replace(", state]", "]").replace(", state: {type: string}", "")
ADDED = OLD.replace("state: {type: string}}", "state: {type: string}, note: {type: string}}")
USAGES: dict[str, Any] = {
    "shop/orders": {"createPayment": ("id", "state")},
    "shop/web": {"createPayment": ("id",)},
    "partner-x": {"createPayment": ("id",)},
}


def _accepted(version: str, document: str) -> Accepted:
    answer = assess(Question(document=document, keep=True))
    return Accepted(version=version, digest=answer.digest, packed=pack(answer.normal))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """What a cluster knows: 1.4.0 in force, two services and a partner that use it."""
    known = Published(type="openapi", state="active", versions=(_accepted("1.4.0", OLD),), usages=USAGES)
    file = tmp_path / "contracts.json"
    file.write_text(Register(contracts={"payments/payments-api": known}).model_dump_json())
    return file


def _run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["contract", *arguments], input=stdin)


def _check(export: Path, document: str, version: str, *arguments: str) -> Result:
    file = export.parent / "new.yaml"
    file.write_text(document.replace("version: 1.4.0", f"version: {version}"))
    return _run("check", "--against", str(export), "--contract", "payments/payments-api", str(file), *arguments)


@pytest.mark.parametrize(
    ("document", "version", "code", "reasons", "broken"),
    [
        (ADDED, "1.5.0", 0, [], []),
        (OLD, "1.4.0", 0, [], []),
        (DROPPED, "1.5.0", 1, ["BreakingChange", "ConsumersBreak"], ["shop/orders"]),
        (DROPPED, "2.0.0", 1, ["ConsumersBreak"], ["shop/orders"]),
        (ADDED, "1.4.0", 1, ["VersionRepublished"], []),
        (ADDED, "1.3.0", 1, ["VersionWentBack"], []),
        ("openapi: 3.0.3\ninfo: {title: x, version: 1.4.0}\npaths: []\n", "1.5.0", 2, [], []),
    ],
)
def test_the_decision_is_that_of_the_gate(
    export: Path, document: str, version: str, code: int, reasons: list[str], broken: list[str]
) -> None:
    """Every way a version is refused, and the exit code of each."""
    done = _check(export, document, version, "-o", "json")

    assert done.exit_code == code, done.output
    if code == 2:
        assert "new.yaml" in done.stderr
        return
    (answer,) = json.loads(done.stdout)["contracts"]
    assert [each["reason"] for each in answer["objections"]] == reasons
    assert [each["name"] for each in answer["consumers"] if each["verdict"] != "compatible"] == broken
    assert len(answer["consumers"]) == 3


@pytest.mark.parametrize(
    ("document", "version", "reasons"),
    [
        (ADDED, "1.4.0", []),
        (DROPPED, "1.4.0", ["BreakingChange", "ConsumersBreak"]),
        (DROPPED, "1.5.0", ["BreakingChange", "ConsumersBreak"]),
        (ADDED, "1.3.0", ["VersionWentBack"]),
    ],
)
def test_of_a_draft_it_is_told_what_would_be(tmp_path: Path, document: str, version: str, reasons: list[str]) -> None:
    """Nothing is refused, and everything is shown: that is how teams begin."""
    known = Published(type="openapi", state="draft", draft=_accepted("1.4.0", OLD), usages=USAGES)
    file = tmp_path / "contracts.json"
    file.write_text(Register(contracts={"payments/payments-api": known}).model_dump_json())

    done = _check(file, document, version, "-o", "json")

    assert done.exit_code == 0, done.output
    (answer,) = json.loads(done.stdout)["contracts"]
    assert answer["draft"]
    assert [each["reason"] for each in answer["objections"]] == reasons
    assert 'failures="0"' in _check(file, document, version, "-o", "junit").stdout
    assert _check(file, document, version).stdout.startswith("A draft binds nobody")


def test_the_text_is_what_the_operator_says(export: Path) -> None:
    """Operation, field, consumer, and the matrix of everybody."""
    lines = _check(export, DROPPED, "1.5.0").stdout.splitlines()

    assert lines[0].startswith("ServiceContract payments/payments-api 1.4.0 -> 1.5.0 refused: 1 breaking change")
    assert lines[1] == " 1. response-required-property-removed POST /payments 201 $.state, used by shop/orders"
    rows = {line.split()[0]: line.split()[1] for line in lines[4:]}
    assert rows == {"shop/orders": "breaking", "shop/web": "compatible", "partner-x": "compatible"}


def test_what_the_pages_show_is_what_is_said(export: Path) -> None:
    """The README's refusal, and the answer of ``check`` in docs/contracts.md, word for word."""
    said = json.loads(_check(export, DROPPED, "2.0.0", "-o", "json").stdout)["contracts"][0]["message"]
    assert f"```\n{said}\n```" in (ROOT / "README.md").read_text()

    known = json.loads(export.read_text())
    del known["contracts"]["payments/payments-api"]["usages"]["partner-x"]
    export.write_text(json.dumps(known))
    lines = [line.rstrip() for line in _check(export, DROPPED, "1.5.0").stdout.splitlines()]
    assert "```\n" + "\n".join(lines) + "\n```" in (ROOT / "docs" / "contracts.md").read_text()


AUTH = {"issuer": "https://id.example.com", "scopes": {"createPayment": ["payments:write"]}}


def _demanding(export: Path, auth: dict[str, Any], *arguments: str, document: str = OLD, **spec: Any) -> Result:
    """``check`` of payments-api 1.4.0 with ``auth``, against the export."""
    file = export.parent / "demanding.yaml"
    said = {"type": "openapi", "version": "1.4.0", "document": {"inline": document}, "auth": auth} | spec
    metadata = {"name": "payments-api", "namespace": "payments"}
    manifest = {"apiVersion": "concordat.dev/v1alpha1", "kind": "ServiceContract", "metadata": metadata, "spec": said}
    file.write_text(yaml.safe_dump(manifest))
    return _run("check", "--against", str(export), str(file), *arguments)


def test_a_demand_of_tokens_is_judged_as_the_gate_does(export: Path) -> None:
    """Nobody's pods are known to ask for one; those that ask are not in the way, and every report says so."""
    partner = {"name": "partner-x", "uses": [{"operation": "createPayment"}], "scopes": ["payments:write"]}
    done = _demanding(export, AUTH, externalConsumers=[partner])
    assert done.exit_code == 1, done.output
    first, *_ = done.stdout.splitlines()
    assert (
        first == "ServiceContract payments/payments-api 1.4.0 waits: would shut out shop/orders, shop/web, running now."
    )
    assert "every operation; POST /payments payments:write" in done.stdout
    for output, said in {
        "markdown": "| shop/web | breaking |",
        "sarif": "auth-scope-required",
        "junit": "auth-token-required",
    }.items():
        assert said in _demanding(export, AUTH, "-o", output, externalConsumers=[partner]).stdout, output

    known = json.loads(export.read_text())
    token = {"issuer": AUTH["issuer"], "audience": "payments/payments-api", "scopes": ["payments:write"]}
    known["contracts"]["payments/payments-api"]["tokens"] = {"shop/orders": [token], "shop/web": [token]}
    export.write_text(json.dumps(known))
    assert _demanding(export, AUTH, externalConsumers=[partner]).exit_code == 0
    assert (
        _demanding(export, AUTH | {"issuer": "https://other.example.com"}, externalConsumers=[partner]).exit_code == 1
    )


def test_what_tokens_are_demanded_for_must_stay(export: Path) -> None:
    """Of a bare document as well: the demand in force is a part of the next version."""
    known = json.loads(export.read_text())
    contract = known["contracts"]["payments/payments-api"]
    operation = {"operation": "createPayment", "method": "POST", "paths": ["/payments"], "scopes": ["payments:write"]}
    contract["auth"] = {"issuer": AUTH["issuer"], "audience": "payments", "operations": [operation]}
    contract["usages"] = {}
    export.write_text(json.dumps(known))
    assert _check(export, ADDED, "1.5.0").exit_code == 0
    gone = _check(export, OLD.replace("createPayment", "payNow"), "2.0.0", "-o", "json")
    assert gone.exit_code == 1, gone.output
    (objection,) = json.loads(gone.stdout)["contracts"][0]["objections"]
    assert (objection["reason"], objection["path"]) == ("InvalidAuth", "spec.auth.scopes[createPayment]")


def test_reports_name_the_consumer(export: Path) -> None:
    """A pull request and CI show who is touched; what is no change of the document fails as well."""
    markdown = _check(export, DROPPED, "1.5.0", "-o", "markdown").stdout
    assert "used by shop/orders" in markdown
    assert "| shop/orders | breaking |" in markdown
    assert "Would be refused" in markdown
    assert 'failures="1"' in _check(export, ADDED, "1.3.0", "-o", "junit").stdout
    sarif = json.loads(_check(export, DROPPED, "1.5.0", "-o", "sarif").stdout)
    (result,) = sarif["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("response-required-property-removed", "error")


def test_what_cannot_be_decided_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    """The gate refuses it; a person may know better."""
    message = {"schemaFormat": "application/vnd.apache.avro", "payload": {"type": "int"}}
    document = {"asyncapi": "2.6.0", "info": {"version": "1.0.0"}, "channels": {"a": {"publish": {"message": message}}}}
    known = Published(type="asyncapi", state="active", versions=(_accepted("1.0.0", json.dumps(document)),))
    (tmp_path / "known.json").write_text(Register(contracts={"shop/events": known}).model_dump_json())
    changed = json.dumps(document).replace('"int"', '"long"').replace("1.0.0", "1.1.0")
    (tmp_path / "new.json").write_text(changed)

    done = _run(
        "check", "--against", str(tmp_path / "known.json"), "--contract", "shop/events", str(tmp_path / "new.json")
    )

    assert done.exit_code == 3, done.output
    assert "cannot be decided" in done.stdout


def test_a_first_version_has_nothing_to_break(export: Path) -> None:
    """It is said that there was none, in case the name is mistaken."""
    (export.parent / "new.yaml").write_text(OLD)
    done = _run("check", "--against", str(export), "--contract", "payments/other", str(export.parent / "new.yaml"))

    assert done.exit_code == 0
    assert "first version" in done.stderr


def _large(version: str, operations: int = 1500) -> str:
    """A description far above what a resource holds, and hard to compress."""
    dice = random.Random(7)
    answer = {"200": {"description": "ok"}}
    paths = {
        f"/{dice.getrandbits(2048):x}": {"get": {"operationId": f"op{number}", "responses": answer}}
        for number in range(operations)
    }
    return json.dumps({"openapi": "3.0.3", "info": {"title": "Large", "version": version}, "paths": paths})


@pytest.mark.parametrize(("operations", "maps"), [(1000, 1), (3000, 2)])
def test_a_large_document_is_pushed_in_parts_and_read_again(export: Path, operations: int, maps: int) -> None:
    """What push writes, check reads: one ConfigMap, or several in order; immutable, named by content."""
    document = export.parent / "large.json"
    document.write_text(_large("1.4.0", operations))
    written = _run("push", str(document), "--name", "large", "-n", "payments", "-o", "yaml")
    assert written.exit_code == 0, written.output
    *parts, contract = yaml.safe_load_all(written.stdout)
    assert len(parts) == maps
    assert all(each["immutable"] and len(json.dumps(each)) < 1_000_000 for each in parts)
    assert len({each["metadata"]["name"] for each in parts}) == maps
    assert "inline" not in contract["spec"]["document"]

    manifest = export.parent / "large.yaml"
    manifest.write_text(written.stdout)
    done = _run("check", "--against", str(export), str(manifest), "-o", "json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["contracts"][0]["accepted"]


def test_a_small_document_stands_in_the_resource_as_it_was_written(export: Path) -> None:
    """Comments and all, readable in YAML."""
    commented = "# ours\n" + OLD
    written = _run("push", "-", "--name", "payments-api", "--open-to", "shop", "-o", "yaml", stdin=commented)

    (contract,) = yaml.safe_load_all(written.stdout)
    assert contract["spec"]["document"]["inline"] == commented
    assert contract["spec"]["access"] == {"namespaces": ["shop"]}
    assert "inline: |" in written.stdout


CONTRACT = """\
apiVersion: concordat.dev/v1alpha1
kind: ServiceContract
metadata: {name: payments-api, namespace: payments}
spec:
"""


def test_the_rest_of_a_contract_comes_from_a_file(tmp_path: Path) -> None:
    """Its name as well; an option counts more."""
    file = tmp_path / "contract.yaml"
    file.write_text(f"{CONTRACT}  externalConsumers: [{{name: partner-x}}]\n  compatibility: full\n")
    written = _run("push", "-", "--with", str(file), "--compatibility", "none", "-o", "yaml", stdin=OLD)

    assert written.exit_code == 0, written.output
    (contract,) = yaml.safe_load_all(written.stdout)
    assert contract["metadata"] == {"name": "payments-api", "namespace": "payments"}
    assert contract["spec"]["externalConsumers"] == [{"name": "partner-x"}]
    assert (contract["spec"]["version"], contract["spec"]["compatibility"]) == ("1.4.0", "none")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("  objectives: [{name: latency, target: 99}]", "contract.yaml:5: spec.objectives[0].below"),
        ("  type: graphql", "spec.type is graphql"),
        ("  document: {inline: a}", "contract.yaml:5: leave out spec.document"),
        ("  externalConsumer: []", "did you mean externalConsumers"),
        ("  lifecycle: []", "spec.lifecycle"),
        ("  - a", "contract.yaml:5: spec wants fields"),
        ("---\nkind: ServiceContract\nmetadata: {}\n", "there are 2"),
    ],
)
def test_what_the_file_of_a_push_says_wrong_is_told_with_its_line(tmp_path: Path, spec: str, said: str) -> None:
    """Before anything is sent."""
    file = tmp_path / "contract.yaml"
    file.write_text(CONTRACT + spec + "\n")
    done = _run("push", "-", "--with", str(file), "-o", "yaml", stdin=OLD)

    assert done.exit_code == 2, done.output
    assert said in done.stderr.replace(str(tmp_path) + "/", "")


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("push", "-"), OLD, "--name payments-api"),
        (("push", "-", "--name", "Big"), OLD, "metadata.name"),
        (("push", "-", "--name", "a"), "type Query { a: Int }", "--version"),
        (("push", "-", "--name", "a"), '{"type": "integer"}', "jsonschema"),
        (("push", "-", "--name", "a", "--sunset", "2027-06-30"), OLD, "deprecated"),
        (("check", "--against", "-", "nowhere.yaml"), '{"contracts": {"a/b": {}}}', "contract export"),
        (("diff", "a.yaml"), "", "-f FILE"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_remedy(arguments: tuple[str, ...], stdin: str, said: str) -> None:
    """Exit code 2, and what to write instead."""
    done = _run(*arguments, *(("-o", "yaml") if arguments[0] == "push" else ()), stdin=stdin)

    assert done.exit_code == 2, done.output
    assert said in done.stderr


def test_a_damaged_export_is_refused(export: Path) -> None:
    """Neither guessed at nor unfolded beyond bounds."""
    known = json.loads(export.read_text())
    known["contracts"]["payments/payments-api"]["versions"][0]["packed"] = "H4sIAAAA"
    export.write_text(json.dumps(known))

    done = _check(export, ADDED, "1.5.0")

    assert done.exit_code == 2
    assert "export it again" in done.stderr or "cut off" in done.stderr
