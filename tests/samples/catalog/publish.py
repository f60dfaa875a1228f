"""
``contract.yaml`` of the catalog: its reviewed document as a ServiceContract, without a namespace of its own.
"""

from concordat.cli.contract.publication import manifests, readable
from concordat.cli.output import as_yaml
from tests.samples.process import ROOT

FOLDER = ROOT / "sample_services" / "catalog"
PUBLISHED = FOLDER / "contract.yaml"


def contract() -> str:
    """As ``concordat contract push openapi.json --name catalog-api -o yaml`` writes it."""
    objects = manifests(
        (FOLDER / "openapi.json").read_bytes(),
        type_="openapi",
        name="catalog-api",
        namespace="",
        version="1.0.0",
        spec={},
    )
    (found,) = readable(objects)
    del found["metadata"]["namespace"]
    return as_yaml([found])


if __name__ == "__main__":
    PUBLISHED.write_text(contract())
