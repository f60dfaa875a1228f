"""
Reports for CI are what their readers demand: SARIF by its official schema, JUnit by the one Jenkins reads it by.
"""

import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from concordat.cli.contract.line_index import lines_of
from concordat.cli.main import main
from concordat_contracts import Finding, Outcome, Severity, Verdict, compare
from concordat_contracts.findings.reports import as_junit, as_sarif
from tests.cli.test_contract import ORDER, _api
from tests.cli.test_contract_check import ADDED, DROPPED, export
from tests.contracts.corpus_pairs import pairs

__all__ = ["export"]  # a fixture

SCHEMAS = Path(__file__).parent / "schemas"


@cache
def _sarif_schema() -> Any:
    return jsonschema.Draft4Validator(json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text()))


@cache
def _junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))


def _valid_sarif(log: Any) -> None:
    """The schema, and what GitHub asks beyond it: https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support."""
    _sarif_schema().validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        assert re.fullmatch(r"https://[a-z0-9./-]+#[a-z0-9-]+", rule["helpUri"], re.IGNORECASE)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"].strip(": ")
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9/:@+,=~._%-]+", uri)
        assert location["physicalLocation"]["region"]["startLine"] >= 1


def _valid_junit(text: str) -> None:
    _junit_schema().validate(io.StringIO(text))


@pytest.mark.parametrize("format_name", ["openapi", "graphql", "asyncapi"])
def test_every_finding_of_the_corpus_is_reported_in_valid_form(format_name: str) -> None:
    """Whatever rule speaks, in whatever language."""
    cited = set()
    for pair in pairs(format_name):
        verdict = compare(pair.old, pair.new, policy=pair.policy)
        _valid_sarif(json.loads(json.dumps(as_sarif(verdict, "api.yaml", "1.2.3", line=lambda _: 11), default=str)))
        _valid_junit(as_junit(verdict, "v1", "v2"))
        cited |= {finding.id for finding in verdict.findings}

    assert len(cited) > 10


_TEXT = st.text(min_size=1, max_size=40)


@settings(deadline=None)  # the first one reads the schemas
@given(file=_TEXT, texts=st.tuples(_TEXT, st.text(max_size=40), st.text(max_size=40)), witness=st.none() | st.text())
def test_no_document_and_no_file_name_makes_a_report_invalid(
    file: str, texts: tuple[str, str, str], witness: Any
) -> None:
    """Neither by markup, nor by control characters, nor by what no encoding knows."""
    rule, location, message = texts
    found = Finding(
        id=rule,
        severity=Severity.ERROR,
        location=location,
        message=message or "x",
        witness=witness,
        outcome=Outcome.BREAKING,
    )
    verdict = Verdict.of([found])

    log = json.loads(json.dumps(as_sarif(verdict, file, "1.2.3", line=lambda _: 11)))
    _sarif_schema().validate(log)
    _valid_junit(as_junit(verdict, file, file))


@pytest.mark.parametrize(("new", "code"), [("new version.json", 1), ("old.json", 0)])
def test_diff_writes_what_ci_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: str, code: int) -> None:
    """With the file as a reference relative to the repository."""
    monkeypatch.chdir(tmp_path)
    Path("old.json").write_text(json.dumps(_api(ORDER)))
    Path("new version.json").write_text(json.dumps(_api({"type": "object", "properties": {"id": {"type": "string"}}})))
    run = CliRunner().invoke

    sarif = run(main, ["contract", "diff", "old.json", f"./{new}", "-o", "sarif"])
    junit = run(main, ["contract", "diff", "old.json", f"./{new}", "-o", "junit"])

    assert (sarif.exit_code, junit.exit_code) == (code, code)
    _valid_sarif(json.loads(sarif.stdout))
    _valid_junit(junit.stdout)
    for result in json.loads(sarif.stdout)["runs"][0]["results"]:
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == new.replace(" ", "%20")


@pytest.mark.parametrize(
    ("document", "version", "code"), [(DROPPED, "1.5.0", 1), (ADDED, "1.3.0", 1), (ADDED, "1.5.0", 0)]
)
def test_check_writes_what_ci_reads(export: Path, document: str, version: str, code: int) -> None:
    """What the gate says of consumers as well."""
    file = export.parent / "new.yaml"
    file.write_text(document.replace("version: 1.4.0", f"version: {version}"))
    asked = ["contract", "check", "--against", str(export), "--contract", "payments/payments-api", str(file)]

    sarif = CliRunner().invoke(main, [*asked, "-o", "sarif"])
    junit = CliRunner().invoke(main, [*asked, "-o", "junit"])

    assert (sarif.exit_code, junit.exit_code) == (code, code)
    _valid_sarif(json.loads(sarif.stdout))
    _valid_junit(junit.stdout)


def test_a_report_that_is_not_valid_would_be_found() -> None:
    """The schemas refuse what they should: a level that is none, a suite without a count."""
    log = json.loads(json.dumps(as_sarif(compare(_api(ORDER), _api({"type": "object"})), "a", "1", line=lambda _: 11)))
    log["runs"][0]["results"][0]["level"] = "loud"

    with pytest.raises(jsonschema.ValidationError, match="'loud' is not one of"):
        _valid_sarif(log)
    with pytest.raises(xmlschema.XMLSchemaValidationError, match="missing required attribute"):
        _valid_junit("<testsuites><testsuite><testcase/></testsuite></testsuites>")


LINES = """\
openapi: 3.1.0
info: {title: Orders, version: 1.0.0}
paths:
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      responses: {"200": {description: ok}}
    delete:
      responses: {"204": {description: gone}}
  /orders:
    get:
      responses: {"200": {description: ok}}
"""


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ("GET /orders/{order} 200 $.total", 6),
        ("DELETE /orders/{id}", 8),
        ("POST /orders/{id}", 4),
        ("GET /orders", 11),
        ("GET /parcels", 3),
        ("", 1),
        ("Query.orders", 1),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_finding_is_shown_at_its_operation(location: str, line: int, as_json: bool) -> None:
    """Or where that was; in JSON as in YAML."""
    text = json.dumps(yaml.safe_load(LINES), indent=2) if as_json else LINES
    found = Finding(id="x", severity=Severity.ERROR, location=location, message="x", outcome=Outcome.BREAKING)
    shown = lines_of(text.encode())(found)

    if as_json:
        wanted = {6: '"get"', 8: '"delete"', 4: '"/orders/{id}"', 11: '"get"', 3: '"paths"', 1: "{"}[line]
        assert text.splitlines()[shown - 1].strip().startswith(wanted)
    else:
        assert shown == line


@pytest.mark.parametrize(
    "text", [b"", b"a: [", b"\xff", b"type Query { a: Int }", b"[1, 2]", b'{\t"paths": {}}', b"[" * 5000]
)
def test_what_has_no_operations_has_one_line(text: bytes) -> None:
    """Nothing that can be given ends in an error only because nobody finds its lines."""
    found = Finding(id="x", severity=Severity.ERROR, location="GET /a", message="x", outcome=Outcome.BREAKING)

    assert lines_of(text)(found) == 1
