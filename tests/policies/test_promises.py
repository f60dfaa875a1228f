"""Promise arithmetic: the numbers of a service against those of its neighbours."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from concordat.api import parse
from concordat.facts import Facts, Provider, Retried
from concordat.policies import violations
from concordat.policies.promises import PROMISES


def found(providers: dict[str, Provider], retried: dict[str, Retried] | None = None, **spec: Any) -> list[str]:
    service = parse(
        {
            "apiVersion": "concordat.dev/v1alpha1",
            "kind": "Microservice",
            "metadata": {"name": "orders", "namespace": "shop"},
            "spec": {"team": "checkout", "image": "example.com/x:11", "ports": {"http": {"port": 8011}}, **spec},
        }
    )
    facts = Facts(providers=providers, retried=retried or {})
    return [f"{item.reason} {item.problem}" for item in violations(PROMISES, service, facts)]


def provider(name: str, promise: str | None = None, takes: str = "0") -> Provider:
    return Provider(
        name=name,
        namespace="shop",
        object_name=name,
        ports={"http": (80, "TCP")},
        promise=None if promise is None else Decimal(promise),
        takes=Decimal(takes),
    )


def promise(*targets: float) -> dict[str, Any]:
    return {"objectives": [{"name": f"availability-{n}", "target": target} for n, target in enumerate(targets)]}


def uses(*names: str, **how: Any) -> dict[str, Any]:
    return {"consumes": [{"service": name, **how} for name in names]}


def test_a_promise_says_what_is_possible_and_who_stands_in_the_way() -> None:
    """99.95 % on two of 99.9 %: at most 99.80 %."""
    both = {name: provider(name, "99.9") for name in ("payments", "stock")}

    (said,) = found(both, **promise(99.95), **uses("payments", "stock"))

    assert said.startswith("PromiseTooHigh spec.objectives[0].target: 99.95 % is more than its hard dependencies allow")
    assert "at most 99.80 %: payments promises 99.9 % and stock promises 99.9 %" in said


@pytest.mark.parametrize(
    ("reason", "providers", "spec"),
    [
        ("it fits exactly", {"payments": provider("payments", "99.9")}, promise(99.9) | uses("payments")),
        (
            "it can go on without",
            {"payments": provider("payments", "9")},
            promise(99) | uses("payments", criticality="soft"),
        ),
        ("nobody knows what it promises", {"payments": provider("payments")}, promise(99) | uses("payments")),
        ("it is not there", {}, promise(99) | uses("payments")),
        (
            "nobody wrote it, its tier did",
            {"payments": provider("payments", "9")},
            {"tier": "critical"} | uses("payments"),
        ),
        ("nothing is promised", {"payments": provider("payments", "9")}, {"objectives": []} | uses("payments")),
    ],
)
def test_a_promise_that_can_be_kept_is_left_alone(reason: str, providers: dict[str, Provider], spec: Any) -> None:
    """Hard, known and stated: only then numbers are held against each other."""
    assert [] == found(providers, **spec)


def test_one_dependency_under_two_names_counts_once() -> None:
    """By its name and by a contract it provides: it fails once."""
    same = {reference: provider("payments", "99.9") for reference in ("payments", "payments-api")}

    assert [] == found(same, **promise(99.9), consumes=[{"service": "payments"}, {"contract": "payments-api"}])


@example(target=Decimal("1"), promises=[Decimal("50")] * 7)
@given(
    target=st.decimals("1", "99.999", places=3),
    promises=st.lists(st.decimals("50", "99.999", places=3), min_size=1, max_size=8),
)
def test_what_is_called_possible_is_accepted(target: Decimal, promises: list[Decimal]) -> None:
    """Whoever follows the remedy hears no more of it; whoever is told nothing could keep the promise."""
    providers = {f"p{n}": provider(f"p{n}", str(item)) for n, item in enumerate(promises)}
    allowed = Decimal(100)
    for item in promises:
        allowed = allowed * item / 100

    said = found(providers, **promise(float(target)), **uses(*providers))

    assert bool(said) == (target > allowed)
    for line in said:
        assert ("; promise at most " in line) == (allowed >= 1)
        if allowed < 1:  # less than an objective can say
            continue
        remedy = float(line.partition("; promise at most ")[2].partition(",")[0])
        assert [] == found(providers, **promise(remedy), **uses(*providers))


@pytest.mark.parametrize(("takes", "told"), [("0.8", False), ("0.8001", True), ("0", False)])
def test_a_caller_waits_as_long_as_the_calls_beneath_may_take(takes: str, told: bool) -> None:
    """All attempts of all hard calls, one after the other; equal is enough."""
    said = found({"payments": provider("payments", takes=takes)}, **uses("payments", timeout="800ms"))

    assert told == any(
        line.startswith("TimeoutTooShort spec.consumes[0].timeout: gives up on payments after 800ms") for line in said
    )


def test_nobody_waits_for_what_comes_later() -> None:
    """An asynchronous use has nobody at the other end of the line."""
    slow = {"payments": provider("payments", takes="9")}

    assert [] == found(slow, **uses("payments", timeout="800ms", criticality="async"))


def test_retries_multiply_along_the_way() -> None:
    """Alone they are welcome."""
    way = ("shop/payments", "shop/ledger")

    assert [] == found({}, {"payments": Retried(times=1, way=("shop/payments",))}, **uses("payments", retries=2))
    (said,) = found({}, {"payments": Retried(times=4, way=way)}, **uses("payments", retries=2))
    assert "3 attempts here times 4 beneath (shop/payments -> shop/ledger) make 12 calls of one request" in said
