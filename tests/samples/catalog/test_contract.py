"""The OpenAPI document: the file people review is what the service serves."""

import json

from openapi_spec_validator import validate

from catalog.entrypoints import rest
from tests.samples.process import ROOT

STORED = ROOT / "sample_services/catalog/openapi.json"


def test_the_stored_document_is_the_served_one() -> None:
    """Write it again with ``python -m catalog openapi > openapi.json``, and look at the difference."""
    assert json.loads(STORED.read_text()) == rest.application().openapi()


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
