"""The OpenAPI document: the file people review is what the service serves."""

import json

import yaml
from openapi_spec_validator import validate

from catalog.entrypoints import rest
from concordat.api import parse, parse_contract
from tests.samples.catalog.publish import PUBLISHED, contract
from tests.samples.process import ROOT

FOLDER = ROOT / "sample_services/catalog"
STORED = FOLDER / "openapi.json"


def test_the_stored_document_is_the_served_one() -> None:
    """Write it again with ``python -m catalog openapi > openapi.json``, and look at the difference."""
    assert json.loads(STORED.read_text()) == rest.application().openapi()


def test_the_published_contract_holds_the_reviewed_document() -> None:
    """Write it again with ``python -m tests.samples.catalog.publish``; the catalog says that it provides it."""
    published = parse_contract(yaml.safe_load(PUBLISHED.read_text()), namespace="shop")
    provider = parse(yaml.safe_load((FOLDER / "microservice.yaml").read_text()))

    assert contract() == PUBLISHED.read_text()
    assert json.loads(published.spec.document.inline or "") == json.loads(STORED.read_text())
    assert (published.name,) == provider.spec.provides


def test_the_document_is_valid() -> None:
    """Against OpenAPI's own schema."""
    validate(json.loads(STORED.read_text()))


def test_every_error_is_described_as_a_problem() -> None:
    """No operation promises the framework's own error format."""
    document = json.loads(STORED.read_text())
    kinds = {
        media
        for path in document["paths"].values()
        for operation in path.values()
        for status, response in operation["responses"].items()
        if status >= "400"
        for media in response["content"]
    }
    assert {"application/problem+json"} == kinds
    assert "HTTPValidationError" not in document["components"]["schemas"]
