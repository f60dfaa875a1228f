"""The OpenAPI document: the file people review is what the service serves."""

import json

import yaml
from openapi_spec_validator import validate

from catalog.entrypoints import rest
from concordat.api import parse, parse_contract
from concordat.cli.offline import World
from concordat.manifest import conventions
from concordat.resources import kinds
from concordat_servicekit import Settings
from concordat_servicekit.requirement import VARIABLE
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


def test_what_the_operator_injects_the_library_understands() -> None:
    """From ``spec.auth`` of the published contract to the scopes of a request, with nothing written by hand in between."""
    published = yaml.safe_load(PUBLISHED.read_text())
    scopes = {"createProduct": ["products:write"], "PUT /products/{sku}": ["products:write", "products:revise"]}
    published["spec"]["auth"] = {"issuer": "https://id.example.com", "scopes": scopes}
    world = World([published, yaml.safe_load((FOLDER / "microservice.yaml").read_text())], namespace="shop")
    (provider,) = world.services
    planned = world.planned(provider)
    (deployment,) = (child.manifest for child in planned.children if child.kind is kinds.DEPLOYMENT)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    injected = {each["name"]: each.get("value", "") for each in container["env"]}

    (demanded,) = Settings.from_environment({VARIABLE: injected[VARIABLE]}).auth

    assert VARIABLE == conventions.ENV_AUTH_REQUIREMENTS
    assert (demanded.contract, demanded.issuer, demanded.audience) == (
        "shop/catalog-api",
        "https://id.example.com",
        "shop/catalog-api",
    )
    wanted = {
        ("POST", "/products"): {"products:write"},
        ("PUT", "/products/CHAIR-11"): {"products:write", "products:revise"},
    }
    assert wanted == {asked: found.scopes for asked in wanted if (found := demanded.operation(*asked))}
    assert demanded.operation("GET", "/products/CHAIR-11") is None


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
