"""
Promise arithmetic: what a service says, against what those it cannot work without say.

None of it blocks: the numbers are declarations, and only a person knows which of them is wrong. A promise that nobody
wrote, the default of a tier, is never called too high; as a provider's it counts.
"""

from collections.abc import Iterator, Sequence
from decimal import ROUND_FLOOR, Decimal
from math import prod

from concordat.api import Consumption, Microservice
from concordat.errors import Problem
from concordat.facts import Facts, Provider, Retried
from concordat.manifest import conventions
from concordat.policies import Policy, Violation

LEAST_TARGET = 1
"""Percent; an objective promises no less."""


def promise_too_high(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """
    A service that stops with each of its dependencies is up at most as often as all of them are.

    The product of their promises, as if they failed independently: the calculus of service availability (Treynor, Dahlin,
    Rau, Beyer: ACM Queue 15(2), 2017).
    """
    hard = {(provider.namespace, provider.name): (use, provider) for use, provider in _hard(service, facts)}
    promises = [(use.reference, provider.promise) for use, provider in hard.values() if provider.promise is not None]
    if not promises:
        return

    allowed = 100 * prod((promise / 100 for _, promise in promises), start=Decimal(1))
    for position, objective in enumerate(service.spec.objectives or ()):
        if objective.is_availability and objective.percent > allowed:
            most = _rounded_down(allowed, objective.percent)
            lower = f"promise at most {most}, " if most >= LEAST_TARGET else ""
            yield _warning(
                conventions.REASON_PROMISE_TOO_HIGH,
                f"spec.objectives[{position}].target",
                f"{objective.percent} % is more than its hard dependencies allow, at most {most} %:"
                f" {_listed([f'{reference} promises {promise} %' for reference, promise in promises])};"
                f" {lower}have them promise more, or go on without one and mark it criticality: soft",
            )


def timeout_too_short(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """Whoever gives up before the one it called does wastes the work of both, and learns nothing of what went wrong."""
    for position, use in enumerate(service.spec.consumes):
        provider = facts.providers.get(use.reference)
        limit = use.limit
        if provider is None or limit is None or use.criticality == "async" or limit >= provider.takes:
            continue
        yield _warning(
            conventions.REASON_TIMEOUT_TOO_SHORT,
            f"spec.consumes[{position}].timeout",
            f"gives up on {use.reference} after {_duration(limit)}, while its own hard calls may take"
            f" {_duration(provider.takes)}, every attempt counted: wait at least {_duration(provider.takes)},"
            f" or have {use.reference} give its calls less time or fewer retries",
        )


def retries_multiply(service: Microservice, facts: Facts) -> Iterator[Violation]:
    """Retries on top of retries turn one request into many just when something is down already."""
    for position, use in enumerate(service.spec.consumes):
        beneath = facts.retried.get(use.reference)
        if beneath is None or (beneath.times == 1 and not beneath.circular):
            continue
        yield _warning(
            conventions.REASON_RETRIES_MULTIPLY,
            f"spec.consumes[{position}].retries",
            f"{use.attempts} attempts here {_multiplied(use.attempts, beneath)}: retry in one place, set retries: 0 in the others",
        )


def _multiplied(attempts: int, beneath: Retried) -> str:
    if beneath.times == 1:
        return (
            "go round a circle of calls beneath that tries again as well, so one request may become any number of calls"
        )
    more = " or more, because they lead round a circle" if beneath.circular else ""
    way = " -> ".join(beneath.way)
    return f"times {beneath.times} beneath ({way}) make {attempts * beneath.times} calls of one request{more}"


PROMISES: Sequence[Policy] = (promise_too_high, timeout_too_short, retries_multiply)
"""Of a service as it is written, without the defaults of its tier."""


def _hard(service: Microservice, facts: Facts) -> Iterator[tuple[Consumption, Provider]]:
    for use in service.spec.consumes:
        provider = facts.providers.get(use.reference)
        if provider is not None and use.criticality == "hard":
            yield use, provider


def _rounded_down(allowed: Decimal, stated: Decimal) -> Decimal:
    """To as many digits as the promise itself has, two at least: never more than is allowed."""
    exponent = stated.normalize().as_tuple().exponent
    digits = max(2, -exponent if isinstance(exponent, int) else 0)
    return allowed.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_FLOOR)


def _duration(seconds: Decimal) -> str:
    """``800ms``, ``1.2s``: as people write it in ``timeout``."""
    milliseconds = (seconds * 1000).normalize()
    return f"{milliseconds:f}ms" if seconds < 1 else f"{seconds.normalize():f}s"


def _listed(items: Sequence[str]) -> str:
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else items[0]


def _warning(reason: str, path: str, message: str) -> Violation:
    return Violation(reason=reason, problem=Problem(path=path, message=message, severity="warning"))
