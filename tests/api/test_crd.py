"""
The CustomResourceDefinition: what is checked in is what the types say, and everything in it has a bound and a sentence.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from concordat.api import Microservice, MicroserviceSpec
from concordat.api.crd import microservice_crd
from concordat.api.schema import VALIDATIONS

CRDS = Path(__file__).parents[2] / "crds"
SCHEMA = microservice_crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


def nodes(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every part of a schema with its path."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


def test_the_crd_that_is_checked_in_is_the_one_the_types_make() -> None:
    """``concordat crds > crds/microservices.yaml`` was run after the last change of a type."""
    written = yaml.safe_load((CRDS / "microservices.yaml").read_text())

    assert microservice_crd() == written


def test_everything_is_bounded() -> None:
    """Nobody can exhaust the API server or us: every text, list and map of the spec and the status has a bound."""
    bounds = {"string": "maxLength", "array": "maxItems", "integer": "maximum"}
    unbounded = [
        path
        for part in ("spec", "status")
        for path, schema in nodes(SCHEMA["properties"][part], part)
        if (schema.get("type") in bounds and bounds[schema["type"]] not in schema and "enum" not in schema)
        or ("additionalProperties" in schema and "maxProperties" not in schema)
        or (schema.get("x-kubernetes-int-or-string") and "maxLength" not in schema)
    ]

    counters = [path for path in unbounded if path.endswith("observedGeneration")]

    assert counters == unbounded


def test_every_field_has_a_sentence() -> None:
    """``kubectl explain`` never answers with nothing."""
    silent = [
        path
        for path, schema in nodes(SCHEMA["properties"]["spec"], "spec")
        if "description" not in schema and not path.endswith(("[]", "{}"))
    ]

    assert [] == silent


def test_every_rule_says_what_to_do() -> None:
    """A rule's message is a sentence, and a pattern never speaks for itself."""
    messages = [rule["message"] for _, schema in nodes(SCHEMA) for rule in schema.get(VALIDATIONS, [])]

    assert len(messages) > 40
    assert [] == [message for message in messages if len(message.split()) < 4]
    assert [] == [path for path, schema in nodes(SCHEMA["properties"]["spec"]) if "pattern" in schema]


@pytest.mark.parametrize("model", [MicroserviceSpec, Microservice])
def test_every_check_has_a_cel_rule_in_the_crd(model: type[Any]) -> None:
    """What Python refuses, the API server refuses with the same words."""
    rules = [rule["rule"] for _, schema in nodes(SCHEMA) for rule in schema.get(VALIDATIONS, [])]

    assert [] == [check.cel for check in model.checks if check.cel not in rules]
