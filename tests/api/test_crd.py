"""
The CustomResourceDefinition: what is checked in is what the types say, and everything in it has a bound and a sentence.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from concordat.api import Microservice, MicroserviceSpec, ServiceContract, ServiceContractSpec
from concordat.api.schema.base import VALIDATIONS
from concordat.api.schema.crd import crds, microservice_crd, service_contract_crd

CRDS = Path(__file__).parents[2] / "crds"


def schema_of(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


SCHEMAS = [schema_of(definition) for definition in crds()]
each = pytest.mark.parametrize("root", SCHEMAS, ids=[definition["spec"]["names"]["kind"] for definition in crds()])


def nodes(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every part of a schema with its path."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


@pytest.mark.parametrize("definition", crds(), ids=lambda definition: definition["spec"]["names"]["plural"])
def test_the_crd_that_is_checked_in_is_the_one_the_types_make(definition: dict[str, Any]) -> None:
    """``make generated`` was run after the last change of a type."""
    written = yaml.safe_load((CRDS / f"{definition['spec']['names']['plural']}.yaml").read_text())

    assert definition == written


@each
def test_everything_is_bounded(root: Mapping[str, Any]) -> None:
    """Nobody can exhaust the API server or us: every text, list and map of the spec and the status has a bound."""
    bounds = {"string": "maxLength", "array": "maxItems", "integer": "maximum"}
    unbounded = [
        path
        for part in ("spec", "status")
        for path, schema in nodes(root["properties"][part], part)
        if (schema.get("type") in bounds and bounds[schema["type"]] not in schema and "enum" not in schema)
        or ("additionalProperties" in schema and "maxProperties" not in schema)
        or (schema.get("x-kubernetes-int-or-string") and "maxLength" not in schema)
    ]

    counters = [path for path in unbounded if path.endswith(("observedGeneration", "consumerCount"))]

    assert counters == unbounded


@each
def test_every_field_has_a_sentence(root: Mapping[str, Any]) -> None:
    """``kubectl explain`` never answers with nothing."""
    silent = [
        path
        for path, schema in nodes(root["properties"]["spec"], "spec")
        if "description" not in schema and not path.endswith(("[]", "{}"))
    ]

    assert [] == silent


@each
def test_every_rule_says_what_to_do(root: Mapping[str, Any]) -> None:
    """A rule's message is a sentence, and a pattern never speaks for itself."""
    messages = [rule["message"] for _, schema in nodes(root) for rule in schema.get(VALIDATIONS, [])]

    assert len(messages) > 10
    assert [] == [message for message in messages if len(message.split()) < 4]
    assert [] == [path for path, schema in nodes(root["properties"]["spec"]) if "pattern" in schema]


@pytest.mark.parametrize(
    ("model", "definition"),
    [
        (MicroserviceSpec, microservice_crd()),
        (Microservice, microservice_crd()),
        (ServiceContractSpec, service_contract_crd()),
        (ServiceContract, service_contract_crd()),
    ],
)
def test_every_check_has_a_cel_rule_in_the_crd(model: type[Any], definition: dict[str, Any]) -> None:
    """What Python refuses, the API server refuses with the same words."""
    rules = [rule["rule"] for _, schema in nodes(schema_of(definition)) for rule in schema.get(VALIDATIONS, [])]

    assert [] == [rule.cel for rule in (*model.checks, *model.transitions) if rule.cel not in rules]
