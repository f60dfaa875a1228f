"""Each image's bill of materials is made from what the image is made from, and is what the standard says."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

ROOT = Path(__file__).parents[2]
SCHEMAS = Path(__file__).parent / "schema"
"""CycloneDX's own, as their Python library ships them."""


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "tools/sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sbom = _load()


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    schemas = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
    registry: Registry[Any] = Registry()
    for name, schema in schemas.items():  # they refer to each other by these names
        resource = Resource(contents=schema, specification=DRAFT7)
        registry = registry.with_resources([(f"http://cyclonedx.org/schema/{name}", resource)])
    return Draft7Validator(schemas["bom-1.6.SNAPSHOT.schema.json"], registry=registry)


@pytest.mark.parametrize("image", sbom.IMAGES)
def test_it_follows_the_schema(validator: Draft7Validator, image: str) -> None:
    """CycloneDX 1.6, JSON."""
    assert [] == [f"{error.json_path}: {error.message}" for error in validator.iter_errors(sbom.bill(image))]


def test_the_schema_can_refuse(validator: Draft7Validator) -> None:
    """The test above can fail."""
    bill = sbom.bill("concordat-operator")
    bill["components"][0]["hashes"][0]["content"] = "11"
    assert list(validator.iter_errors(bill))


@pytest.mark.parametrize("image", sbom.IMAGES)
def test_it_names_every_package_of_the_lock_and_the_base(image: str) -> None:
    """But for packages of other platforms."""
    dockerfile, lock = (ROOT / name for name in sbom.IMAGES[image])
    base, *packages = sbom.bill(image)["components"]
    assert f"{base['name']}:{base['version']}@sha256:{base['hashes'][0]['content']}" in dockerfile.read_text()
    locked = {
        f"{name}=={version}": marker
        for name, version, marker in re.findall(r"(?m)^([\w.-]+)==([^ ;\\]+)(?: ; (.*?))? \\$", lock.read_text())
    }
    named = {f"{one['name']}=={one['version']}" for one in packages}
    assert named <= locked.keys()
    assert set() == {package for package, marker in locked.items() if not marker} - named
    assert all(one["properties"] for one in packages)


def test_the_same_inputs_give_the_same_bytes() -> None:
    """So that two builds can be compared."""
    assert sbom.bill("concordat-operator") == sbom.bill("concordat-operator")
