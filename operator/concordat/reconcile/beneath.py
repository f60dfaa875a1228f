"""
What one call becomes further down: those who are called call others, and try again themselves.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from concordat.api import Microservice
from concordat.facts import Retried
from concordat.reconcile.keys import Target, asked_for
from concordat.reconcile.parents import Parents

DEEPEST = 4
"""Calls in a row that are followed; a request that goes further down has other worries."""
_HIDDEN = "a service of another namespace"

LetsIn = Callable[[Microservice, Target, str], bool]


class _Way(NamedTuple):
    times: int
    steps: tuple[str, ...]
    """``namespace/name`` of each service on it."""
    shown: tuple[str, ...]
    end: Microservice | None


def beneath(provider: Microservice, *, seen_from: Microservice, parents: Parents, lets_in: LetsIn) -> Retried:
    """
    The most calls that one call to ``provider`` may become, each hop trying again for itself.

    Circles end at the first service that is met twice. Of what does not let the consumer in, it learns no name.
    """
    start = _Way(1, (seen_from.reference, provider.reference), (provider.reference,), provider)
    most, ends = start, {provider.reference: start}
    for _ in range(DEEPEST):
        ahead: dict[str, _Way] = {}
        for way in ends.values():
            for step in _steps(way, seen_from, parents, lets_in):
                known = ahead.get(step.steps[-1])
                if known is None or step.times > known.times:
                    ahead[step.steps[-1]] = step
        if not ahead:
            break
        most = max(most, *ahead.values(), key=lambda way: way.times)
        ends = ahead
    return Retried(times=most.times, way=most.shown)


def _steps(way: _Way, seen_from: Microservice, parents: Parents, lets_in: LetsIn) -> Iterator[_Way]:
    """One call further. What is called is tried again even where nobody is there yet."""
    caller = way.end
    for use in caller.spec.consumes if caller else ():
        target = asked_for(use.service, use.contract, caller.namespace) if caller else None
        if use.criticality == "async" or target is None or caller is None:
            continue
        found = parents.relations.provider(target)
        called = found if found and lets_in(found, target, caller.namespace) else None
        reference = called.reference if called else f"{target.namespace}/{target.name}"
        if reference in way.steps:
            continue
        known = called is not None and lets_in(called, target, seen_from.namespace)
        named = reference if known or target.namespace == seen_from.namespace else _HIDDEN
        yield _Way(way.times * use.attempts, (*way.steps, reference), (*way.shown, named), called)
