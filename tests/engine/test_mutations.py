"""
The list of changes that `there_and_back_unequal` goes through is complete, and each of its specs can be used.
"""

import pytest
import yaml

from concordat.api import parse
from tests.engine.cluster import CRDS
from tests.engine.mutations import BASE, MUTATIONS, mutated, properties
from tests.engine.rig import microservice


def test_every_property_of_the_schema_has_a_change() -> None:
    """A property that is added to the API is added to the figure, or this fails."""
    crd = yaml.safe_load((CRDS / "microservices.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert sorted(MUTATIONS) == sorted(properties(schema))


@pytest.mark.parametrize("path", MUTATIONS)
def test_each_change_is_valid_and_a_change(path: str) -> None:
    """Else going there and back would prove nothing."""
    there = microservice("orders", "shop", **mutated(path))
    there["spec"] = mutated(path)
    assert parse(there).spec != parse(microservice("orders", "shop", **BASE)).spec
