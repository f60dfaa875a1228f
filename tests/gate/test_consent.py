"""
Whose use of a contract counts, and for how long after consent is withdrawn.
"""

from datetime import UTC, datetime

from concordat.api import parse_contract
from concordat.api.contract_status import Consent
from concordat.gate.consent import GRACE, counts, next_end, renewed

NOW = datetime(2027, 3, 11, 12, 13, tzinfo=UTC)


def contract(*let_in: str):  # type: ignore[no-untyped-def]
    return parse_contract(
        {
            "apiVersion": "concordat.dev/v1alpha1",
            "kind": "ServiceContract",
            "metadata": {"name": "payments-api", "namespace": "payments"},
            "spec": {
                "type": "openapi",
                "version": "1.4.0",
                "document": {"inline": "openapi: 3.1.0"},
                "access": {"namespaces": list(let_in)},
            },
        }
    )


def test_a_stranger_does_not_count() -> None:
    """The own namespace and those let in do."""
    of = contract("shop")

    assert [True, True, False] == [counts(name, of, ()) for name in ("payments", "shop", "evil")]


def test_withdrawn_consent_binds_for_a_day_and_then_ends() -> None:
    """The end is fixed when consent is withdrawn: later passes, and restarts, do not move it."""
    recorded = renewed(contract("shop"), (), NOW)
    withdrawn = renewed(contract(), recorded, NOW)
    later = renewed(contract(), withdrawn, NOW + GRACE / 2)
    ended = renewed(contract(), later, NOW + GRACE)

    assert (Consent(namespace="shop"),) == recorded
    assert withdrawn == later == (Consent(namespace="shop", until="2027-03-12T12:13:00Z"),)
    assert counts("shop", contract(), later)
    assert () == ended


def test_consent_given_again_has_no_end() -> None:
    """It is as if it had never been withdrawn."""
    withdrawn = renewed(contract(), renewed(contract("shop"), (), NOW), NOW)

    assert (Consent(namespace="shop"),) == renewed(contract("shop"), withdrawn, NOW)


def test_the_next_pass_comes_when_the_first_grace_ends() -> None:
    """Nothing else would tell the operator that time has passed."""
    withdrawn = renewed(contract(), renewed(contract("shop"), (), NOW), NOW)

    assert GRACE.total_seconds() == next_end(withdrawn, NOW)
    assert next_end((Consent(namespace="shop"),), NOW) is None
