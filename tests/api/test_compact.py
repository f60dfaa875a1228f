"""
Objects that are kept share what pydantic gives each of them anew, and are otherwise what they were.
"""

from concordat.api import Microservice, compact, parse
from tests.engine.rig import microservice


def _parsed(name: str) -> Microservice:
    return parse(
        microservice(name, "shop", tier="critical", env=[{"name": "A", "value": "1"}], health={"live": "/live"})
    )


def test_those_that_state_the_same_share_one_set_and_dump_as_before() -> None:
    orders, payments, other = compact(_parsed("orders")), compact(_parsed("payments")), _parsed("orders")
    assert orders.spec.model_fields_set is payments.spec.model_fields_set
    assert orders.spec.env[0].model_fields_set is payments.spec.env[0].model_fields_set
    assert (
        next(iter(orders.spec.ports.values())).model_fields_set
        is next(iter(payments.spec.ports.values())).model_fields_set
    )
    assert orders == other
    assert orders.model_dump(exclude_unset=True) == other.model_dump(exclude_unset=True)


def test_a_changed_copy_leaves_the_others_alone() -> None:
    orders, payments = compact(_parsed("orders")), compact(_parsed("payments"))
    stated = set(orders.spec.model_fields_set)
    changed = orders.spec.model_copy(update={"args": ("--verbose",)})
    assert "args" in changed.model_fields_set
    assert payments.spec.model_fields_set == orders.spec.model_fields_set == stated
