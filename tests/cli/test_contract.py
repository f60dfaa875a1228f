"""
``concordat contract``: what it prints, what it refuses, how it ends.
"""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from concordat.cli.contract.group import contract

ORDER = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "total": {"type": "integer"}},
    "required": ["id", "total"],
}


def _api(schema: Any, **more: Any) -> dict[str, Any]:
    answer = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    path = {"get": {"operationId": "getOrder", "responses": {"200": answer}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Orders", "version": "1.2.3"},
        "paths": {"/orders/{id}": path},
        **more,
    }


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Documents to compare: ``v1``, ``v2`` without ``total``, and some that cannot be used."""
    smaller = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    documents: dict[str, Any] = {
        "v1.json": _api(ORDER),
        "v2.json": _api(smaller),
        "avro1.json": {"asyncapi": "2.6.0", "channels": {"a": {"publish": {"message": {"schemaFormat": "application/vnd.apache.avro", "payload": {"type": "int"}}}}}},
        "avro2.json": {"asyncapi": "2.6.0", "channels": {"a": {"publish": {"message": {"schemaFormat": "application/vnd.apache.avro", "payload": {"type": "long"}}}}}},
        "sunset1.json": {"openapi": "3.1.0", "paths": {"/a": {"get": {}}, "/b": {"get": {"deprecated": True, "x-sunset": "2027-06-30"}}}},
        "sunset2.json": {"openapi": "3.1.0", "paths": {"/a": {"get": {}}}},
        "schema1.json": {"type": "integer"},
        "schema2.json": {"type": "number"},
    }  # fmt: skip
    for name, document in documents.items():
        (tmp_path / name).write_text(json.dumps(document))
    (tmp_path / "broken.yaml").write_text("openapi: [3.1.0")
    (tmp_path / "bomb.yaml").write_text(
        "a0: &a0 [x, x]\n" + "\n".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]" for i in range(1, 60))
    )
    (tmp_path / "v1.graphql").write_text("type Query { a: Int }")
    return tmp_path


def _run(files: Path, *arguments: str, stdin: str | None = None) -> Result:
    located = [str(files / each) if (files / each).exists() else each for each in arguments]
    return CliRunner().invoke(contract, located, input=stdin)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("v1.json", "v1.json"), 0),
        (("v2.json", "v1.json"), 0),
        (("v1.json", "v2.json"), 1),
        (("v1.json", "broken.yaml"), 2),
        (("v1.json", "bomb.yaml"), 2),
        (("v1.json", "nowhere.json"), 2),
        (("v1.json", "v1.graphql"), 2),
        (("v1.json", "v2.json", "--severity", "no-such-rule=error"), 2),
        (("v1.json", "v2.json", "--severity", "response-required-property-removed=loud"), 2),
        (("v1.json", "v2.json", "--today", "someday"), 2),
        (("-", "-"), 2),
        (("avro1.json", "avro2.json"), 3),
        (("v1.json", "v2.json", "--severity", "response-required-property-removed=warning"), 0),
        (("schema1.json", "schema2.json"), 0),
        (("schema1.json", "schema2.json", "--direction", "response"), 1),
        (("schema1.json", "schema2.json", "--direction", "both"), 1),
        (("sunset1.json", "sunset2.json", "--today", "2027-06-29"), 1),
        (("sunset1.json", "sunset2.json", "--today", "2027-06-30"), 0),
    ],
)
def test_the_exit_code_is_the_verdict(files: Path, arguments: tuple[str, ...], expected: int) -> None:
    """0 compatible, 1 breaking, 2 unusable input, 3 unknown."""
    result = _run(files, "diff", *arguments)

    assert expected == result.exit_code, result.output
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)


def test_json_is_one_object(files: Path) -> None:
    """Exactly the keys promised, the witness among them."""
    printed = json.loads(_run(files, "diff", "v1.json", "v2.json", "-o", "json").stdout)

    assert {"verdict", "findings"} == printed.keys()
    assert "breaking" == printed["verdict"]
    (finding,) = printed["findings"]
    assert {"id", "severity", "location", "message", "witness"} == finding.keys()
    assert "GET /orders/{id} 200 $.total" == finding["location"]
    assert "total" not in finding["witness"]


def test_junit_fails_what_breaks(files: Path) -> None:
    """CI shows one failed case a finding, and one passed case where there is none."""
    broken = ElementTree.fromstring(_run(files, "diff", "v1.json", "v2.json", "-o", "junit").stdout)
    fine = ElementTree.fromstring(_run(files, "diff", "v1.json", "v1.json", "-o", "junit").stdout)

    assert ["response-required-property-removed"] == [each.get("classname") for each in broken.iter("testcase")]
    assert 1 == len(list(broken.iter("failure")))
    assert (1, 0) == (len(list(fine.iter("testcase"))), len(list(fine.iter("failure"))))


def test_sarif_names_rule_and_place(files: Path) -> None:
    """Code scanning finds the rule by index and the operation as a logical location."""
    run = json.loads(_run(files, "diff", "v1.json", "v2.json", "-o", "sarif").stdout)["runs"][0]

    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert "error" == result["level"]
    assert "GET /orders/{id} 200 $.total" == result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]


def test_markdown_keeps_a_documents_markup_out(files: Path) -> None:
    """What a document says is text, whatever it looks like."""
    schema = {"type": "object", "properties": {"a|b <img src=x> `c`": {"type": "string"}}}
    (files / "m1.json").write_text(json.dumps(_api(schema)))
    (files / "m2.json").write_text(json.dumps(_api({"type": "object", "properties": {}})))

    row = _run(files, "diff", "m1.json", "m2.json", "-o", "markdown").stdout.splitlines()[-1]

    assert "<img" not in row
    assert "a\\|b" in row


@pytest.mark.parametrize("output", ["text", "markdown", "json", "junit", "sarif"])
def test_text_cannot_steer_a_terminal(files: Path, output: str) -> None:
    """No escape of a document reaches the terminal, whatever is written."""
    schema = {"type": "object", "properties": {"\x1b[2Jx": {"type": "string"}, "\x9b2Jy": {"type": "string"}}}
    (files / "e1.json").write_text(json.dumps(_api(schema)))
    (files / "e2.json").write_text(json.dumps(_api({"type": "object", "properties": {}})))

    printed = _run(files, "diff", "e1.json", "e2.json", "-o", output).output

    assert "2Jx" in printed
    assert not {"\x1b", "\x9b"} & set(printed)


def test_one_side_may_be_standard_input(files: Path) -> None:
    """``git show main:api.yaml | concordat contract diff - api.yaml``."""
    result = _run(files, "diff", "-", "v2.json", stdin=(files / "v1.json").read_text())

    assert 1 == result.exit_code


def test_an_error_names_file_place_and_remedy(files: Path) -> None:
    """Nobody has to guess which of the two files it was."""
    (files / "ref.json").write_text(json.dumps(_api({"$ref": "other.yaml#/Order"})))

    result = _run(files, "diff", "v1.json", "ref.json")

    assert "ref.json" in result.output
    assert "bundle the document" in result.output


def test_show_lists_operations_by_their_names(files: Path) -> None:
    """What a consumer may write under ``uses``."""
    printed = json.loads(_run(files, "show", "v1.json", "-o", "json").stdout)

    assert [{"operation": "GET /orders/{id}", "id": "getOrder"}] == printed["operations"]
    assert ("openapi", "3.1.0", "Orders", "1.2.3") == tuple(
        printed[key] for key in ("format", "formatVersion", "title", "version")
    )


def test_a_pact_becomes_declared_usage(files: Path) -> None:
    """Operations and the fields a consumer's tests expect; a body read whole declares no fields."""
    interactions = [
        {"request": {"method": "get", "path": "/orders/11"}, "response": {"status": 200, "body": {"id": "11", "lines": [{"sku": "a"}]}}},
        {"request": {"method": "GET", "path": "/orders/12"}, "response": {"status": 200, "body": {"total": 13}}},
        {"request": {"method": "POST", "path": "/orders"}, "response": {"status": 201}},
    ]  # fmt: skip
    (files / "pact.json").write_text(json.dumps({"interactions": interactions}))

    result = _run(files, "import", "pact", "pact.json", "v1.json", "-o", "json")

    assert {"uses": [{"operation": "getOrder", "reads": ["id", "lines[].sku", "total"]}]} == json.loads(result.stdout)


@pytest.mark.parametrize("command", [("diff",), ("show",), ("rules",), ("import", "pact")])
def test_help_shows_examples(command: tuple[str, ...]) -> None:
    """Every command is learned by example."""
    result = CliRunner().invoke(contract, [*command, "--help"])

    assert 0 == result.exit_code
    assert "Examples" in result.output
