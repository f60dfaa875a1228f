"""
The reference page: complete, and its examples run.
"""

from concordat.api import MicroserviceSpec, parse
from tests.api.pages import examples, microservice


def test_every_example_is_valid() -> None:
    """What people copy works."""
    found = list(examples(microservice()))

    assert 2 <= len(found)
    for example in found:
        parse(example)


def test_every_field_is_on_the_page() -> None:
    """And every link leads to a heading."""
    page = microservice()
    missing = [field.alias for field in MicroserviceSpec.model_fields.values() if f"`{field.alias}`" not in page]

    assert [] == missing
